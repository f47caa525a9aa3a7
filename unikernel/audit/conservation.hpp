// Do the rows of the ledger add up to its totals?
#pragma once

#include "audit/result.hpp"
#include "ledger/leaves.hpp"

namespace audit {

/// Sums counts and cycles over all defined exit numbers and compares them with
/// the totals. The reads' own exits are accounted for exactly; exits of the
/// host's own doing are kept out by trying until none comes between.
/// \param totals_only exits that are in the totals, but in no row: KVM has no handler for their number
void judge_conservation(ledger::Leaves& leaves, std::uint32_t totals_only, Result& result);

}
