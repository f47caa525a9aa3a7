// Reading the ledger must not write to it.
#pragma once

#include "audit/rules/bench.hpp"

namespace audit {

/// Repeated queries change nothing but the CPUID exit's own row and the totals. A row
/// that the host's own exits move is read again until none comes between.
void judge_read_only(const Bench& bench, Result& result);

}
