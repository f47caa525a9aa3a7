// What the audits of rules work with.
#pragma once

#include "audit/crew.hpp"
#include "audit/result.hpp"
#include "ledger/profile.hpp"
#include "plan/audits.hpp"

namespace audit {

/// Exits that are in the totals, but in no row, for KVM has no handler for their number.
struct TotalsOnly {
    std::uint32_t exits = 0;  ///< modulo 2^32
    std::uint64_t cycles = 0; ///< that they can have taken at most
};

/// How much each of several vCPUs is to do.
struct Amount {
    std::uint32_t count;       ///< random choices to make, or exits to cause
    std::uint32_t seconds = 0; ///< if not 0: to cause exits for that long instead,
    std::uint64_t cycles = 0;  ///< which is this many TSC cycles
};

struct Bench {
    ledger::Leaves& leaves;
    const ledger::Profile& profile;
    const ledger::MonotonicityCheck& monotonicity; ///< of all that the run has read so far
    Amount amount;
    std::uint32_t seed;       ///< where random choices start
    TotalsOnly totals_only{}; ///< what the run has caused of them
    Crew crew{1, nullptr};    ///< the vCPUs, where several work at once
    bool thorough = true; ///< false on a host that is slow at queries: ask a few where many would do no harm

    ledger::Numbering numbering() const { return profile.numbering; }

    /// Repetitions: so many, or a twentieth of them on a slow host.
    std::uint32_t repetitions(std::uint32_t count) const { return thorough ? count : (count + 19) / 20; }
};

}
