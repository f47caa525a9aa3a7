// Audits of rules that cause exits themselves, and need the machine.
#pragma once

#include "audit/rules/bench.hpp"

namespace audit {

void run_definition(const Bench& bench, Result& result);
void run_hlt(const Bench& bench, Result& result);
void run_extremes(const Bench& bench, Result& result);
void run_window(const Bench& bench, Result& result);

/// Has a nested guest ask for CPUID's count between two queries of our own: all three exits are
/// of one VM, and must count as neighbours. Skipped on Intel, where none of them reaches KVM.
void run_nested_queries(const Bench& bench, Result& result);

}
