// Do the rows of the ledger add up to its totals?
#pragma once

#include "audit/result.hpp"
#include "ledger/leaves.hpp"

#include <cstdint>

namespace audit {

/// Exits that are in the totals, but in no row, for KVM has no handler for their number.
struct TotalsOnly {
    std::uint32_t exits = 0;  ///< modulo 2^32
    std::uint64_t cycles = 0; ///< that they can have taken at most
};

/// Sums counts and cycles over all defined exit numbers and compares them with
/// the totals. The reads' own exits are accounted for exactly; exits of the
/// host's own doing are kept out by trying until none comes between.
/// \param totals_only those that the guest has caused so far
void judge_conservation(ledger::Leaves& leaves, const TotalsOnly& totals_only, Result& result);

}
