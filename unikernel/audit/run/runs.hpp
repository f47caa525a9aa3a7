// Audits of rules that cause exits themselves, and need the machine.
#pragma once

#include "audit/rules/bench.hpp"

namespace audit {

void run_definition(const Bench& bench, Result& result);
void run_hlt(const Bench& bench, Result& result);
void run_extremes(const Bench& bench, Result& result);
void run_histogram(const Bench& bench, Result& result);
void run_window(const Bench& bench, Result& result);

/// A nested guest queries CPUID's count between two of our own queries. All three exits are of one VM, and
/// must count in sequence. Skipped on Intel, where a nested guest's CPUID exits to its hypervisor, not to
/// KVM.
void run_nested_queries(const Bench& bench, Result& result);

}
