// The rule audits: what the leaves must answer whatever the guest does.
#pragma once

#include "audit/crew.hpp"
#include "audit/result.hpp"
#include "ledger/leaves.hpp"
#include "ledger/probe.hpp"

#include <span>

namespace audit {

struct RuleAudit {
    std::string_view name; ///< "ledger.rule", stable once released
    std::string_view what; ///< the rule in a few words
    void (*run)(ledger::Leaves& leaves, const ledger::Probe& probe, Result& result);

    /// In place of run() where several vCPUs work at once, each causing `count` exits.
    void (*run_together)(const Crew& crew, std::uint32_t count, ledger::Leaves& leaves, Result& result) = nullptr;
    std::uint32_t count = 0; ///< exits of each vCPU by default; 0: the plan cannot choose
};

/// All rule audits, in the order in which a plan runs them.
std::span<const RuleAudit> rule_audits();

}
