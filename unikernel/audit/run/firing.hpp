// Firing a trigger and measuring each firing, whatever is read around it.
#pragma once

#include "audit/result.hpp"
#include "audit/statistics.hpp"
#include "machine/this_cpu.hpp"
#include "triggers/trigger.hpp"

namespace audit {

/// The cycles of the firings since its start(), by vCPU.
extern SampleStore<65536, machine::max_processors> samples;

/// Fires so many times on this vCPU. A sample is the cycles of one firing, with the call and the fences.
/// \param rdtscp whether this vCPU has RDTSCP
void fire_measured(void (*fire)(), std::uint64_t firings, bool rdtscp);

/// Median cost of a firing that does nothing, in cycles.
std::uint64_t cost_of_nothing();

/// Makes `result` a skip, with the reason, if the trigger cannot be fired.
/// \param deviation of this host, or null
/// \param firings   of all vCPUs together
bool must_skip(const triggers::Trigger& trigger, const triggers::Deviation* deviation, std::uint64_t firings,
               Result& result);

}
