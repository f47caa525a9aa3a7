// What a nested guest reads in the ledger.
#pragma once

#include "audit/rules/bench.hpp"

namespace audit {

/// Has a nested guest ask for CPUID's count between two queries of our own: all three exits are
/// of one VM, and must be told as neighbours. Skipped on Intel, where none of them reaches KVM.
void run_nested_queries(const Bench& bench, Result& result);

}
