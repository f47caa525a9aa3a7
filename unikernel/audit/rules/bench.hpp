// The input of the audits of rules.
#pragma once

#include "audit/crew.hpp"
#include "audit/result.hpp"
#include "ledger/profile.hpp"
#include "plan/audits.hpp"

namespace audit {

/// Exits in the totals but in no row, because KVM has no handler for their number.
struct TotalsOnly {
    std::uint32_t exits = 0;  ///< modulo 2^32
    std::uint64_t cycles = 0; ///< the most that they can have taken
};

/// How much each vCPU does.
struct Amount {
    std::uint32_t count;       ///< random choices to make, or exits to cause
    std::uint32_t seconds = 0; ///< if not 0: cause exits for that long instead,
    std::uint64_t cycles = 0;  ///< in TSC cycles
};

struct Bench {
    ledger::Leaves& leaves;
    const ledger::Profile& profile;
    const ledger::MonotonicityCheck& monotonicity; ///< of everything read so far
    Amount amount;
    std::uint32_t seed;       ///< of random choices
    TotalsOnly totals_only{}; ///< caused by the run so far
    Crew crew{1, nullptr};    ///< the vCPUs, where several work at once
    bool thorough = true;     ///< false where queries are slow: make fewer

    ledger::Numbering numbering() const { return profile.numbering; }

    /// `count`, or a twentieth of it where queries are slow.
    std::uint32_t repetitions(std::uint32_t count) const { return thorough ? count : (count + 19) / 20; }
};

}
