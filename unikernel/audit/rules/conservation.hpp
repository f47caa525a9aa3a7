// Do the rows of the ledger add up to its totals?
#pragma once

#include "audit/rules/bench.hpp"

namespace audit {

/// Sums counts and cycles over all defined exit numbers and compares them with the totals. The reads' own
/// exits are accounted for exactly; exits of the host's own doing are kept out by trying until none comes
/// between.
void judge_conservation(const Bench& bench, Result& result);

}
