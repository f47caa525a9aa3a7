// The application processors: starting them, and having all processors do something at once.
#pragma once

#include "machine/this_cpu.hpp"

namespace machine {

/// Starts the other processors by INIT and STARTUP to all of them, until `wanted`
/// run, the boot processor among them. Those left over halt for good. Waits for
/// some seconds of an idle host's time since the last one came.
/// \pre    the boot processor's interrupts and APIC are set up; the others take the
///         same APIC mode
/// \return how many run
unsigned start_processors(unsigned wanted);

/// How many run.
unsigned running_processors();

/// The processor of the next index, and after the last one the first.
Cpu& next_processor();

/// Calls `work(context)` on all that start_processors() started, and returns when all
/// have done. They begin together, as all but the boot processor are waiting for it;
/// after rest_others() they are woken first, and begin as they come.
/// A processor waits with interrupts on, and by nothing that could exit: HLT would,
/// and so may PAUSE (SDM vol. 3, Instructions That Cause VM Exits Conditionally; APM vol. 2, Pause Intercept
/// Filtering).
void run_on_all(void (*work)(void* context), void* context);

/// Has the other processors halt until run_on_all() next needs them, so that they take no
/// time from the boot processor. Their HLT exits may come a while after this returns.
void rest_others();

template <typename Work>
void run_on_all(const Work& work)
{
    run_on_all([](void* context) { (*static_cast<const Work*>(context))(); }, const_cast<Work*>(&work));
}

}
