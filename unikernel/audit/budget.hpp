// How much a run reads of a host whose queries are slow.
#pragma once

#include "ledger/profile.hpp"

namespace audit {

/// What is read. If the queries would exceed the plan's budget, the least informative ones are left out.
struct Budget {
    bool thorough = true; ///< sweeps and repetitions in full
    bool all_rows = true; ///< every row around each trigger; else its own, CPUID's and the total

    /// \param query    cost of a query, in cycles
    /// \param allowed  what all queries may cost, in cycles
    /// \param triggers number of triggers fired, counting each repeat
    static Budget within(std::uint64_t query, std::uint64_t allowed, std::uint64_t triggers,
                         const ledger::Profile& profile);
};

}
