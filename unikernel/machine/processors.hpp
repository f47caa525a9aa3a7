// The application processors: starting them, and running work on all processors at once.
#pragma once

#include "machine/this_cpu.hpp"

namespace machine {

/// Starts the other processors by INIT and STARTUP to all of them, until `wanted`
/// run, the boot processor among them. Surplus ones halt for good. Gives up some seconds (of an idle host)
/// after the last arrival. \pre    the boot processor's interrupts and APIC are set up; the others take the
///         same APIC mode
/// \return how many run
unsigned start_processors(unsigned wanted);

/// How many run.
unsigned running_processors();

/// The processor of the next index, and after the last one the first.
Cpu& next_processor();

/// Calls `work(context)` on all processors that start_processors() started, and returns when all have
/// finished. They start together, because the others are polling for it; after rest_others() they are woken
/// first, and start one by one. A processor polls with interrupts enabled and without instructions that may
/// exit, such as HLT and PAUSE (SDM vol. 3, Instructions That Cause VM Exits Conditionally; APM vol. 2, Pause
/// Intercept Filtering).
void run_on_all(void (*work)(void* context), void* context);

/// Halts the other processors until the next run_on_all(), so that they take no time from the boot processor.
/// Their HLT exits may happen after this returns.
void rest_others();

template <typename Work> void run_on_all(const Work& work) {
    run_on_all([](void* context) { (*static_cast<const Work*>(context))(); }, const_cast<Work*>(&work));
}

}
