// The rule audits: what the leaves must answer whatever the guest does.
#pragma once

#include "audit/conservation.hpp"
#include "audit/crew.hpp"
#include "audit/result.hpp"
#include "ledger/leaves.hpp"
#include "ledger/probe.hpp"

#include <span>

namespace audit {

/// What a rule audit has to work with.
struct Bench {
    ledger::Leaves& leaves;
    const ledger::Probe& probe;
    const ledger::Monotony& monotony; ///< of all that the run has read so far
    std::uint32_t count;              ///< random choices to make
    std::uint32_t seed;               ///< where they start
    TotalsOnly totals_only{};         ///< what the run has caused of them
};

/// How much each of several vCPUs is to do.
struct Amount {
    std::uint32_t count;   ///< exits to cause
    std::uint32_t seconds; ///< if not 0: to cause exits for so long instead,
    std::uint64_t cycles;  ///< which is so many of the TSC's
};

struct RuleAudit {
    std::string_view name; ///< "ledger.rule" or "time.rule", stable once released
    std::string_view what; ///< the rule in a few words
    void (*run)(const Bench& bench, Result& result);
    std::uint32_t count = 0; ///< random choices by default, or exits of each vCPU; 0: the plan cannot choose

    /// In place of run() where several vCPUs work at once, each causing so many exits.
    void (*run_together)(const Crew& crew, const Amount& amount, ledger::Leaves& leaves,
                         Result& result) = nullptr;
    bool may_last = false; ///< can be told to go on for some seconds
};

/// All rule audits, in the order in which a plan runs them.
std::span<const RuleAudit> rule_audits();

}
