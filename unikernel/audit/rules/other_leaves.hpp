// CPUID's leaves beside the ledger's: they answer as on an unpatched host.
#pragma once

#include "audit/rules/bench.hpp"

namespace audit {

/// Ordinary leaves answer the same before and after the ledger is asked, keep to their
/// subleaves and tell plausible limits of their range, and leaves out of range answer as kvm_cpuid() does
/// without a ledger: zeros on an AMD vCPU, else the highest basic leaf's data for the same subleaf
/// (get_out_of_range_cpuid_entry()).
void judge_other_leaves(const Bench& bench, Result& result);

}
