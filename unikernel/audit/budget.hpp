// How much a run reads of a host that is slow at queries.
#pragma once

#include "ledger/profile.hpp"

namespace audit {

/// What is read. Where the queries would take longer than the plan's budget, the least informative ones are
/// left out first.
struct Budget {
    bool thorough = true; ///< sweeps and repetitions in full
    bool all_rows = true; ///< every row round each trigger; else its own, CPUID's and the total

    /// \param query    what one costs, in cycles
    /// \param allowed  what all may cost together, in cycles
    /// \param triggers how many are fired, each repeat counted
    static Budget within(std::uint64_t query, std::uint64_t allowed, std::uint64_t triggers,
                         const ledger::Profile& profile);
};

}
