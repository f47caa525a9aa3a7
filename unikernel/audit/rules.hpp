// The rule audits: what the leaves must answer whatever the guest does.
#pragma once

#include "audit/result.hpp"
#include "ledger/leaves.hpp"
#include "ledger/probe.hpp"

#include <span>

namespace audit {

struct RuleAudit {
    std::string_view name; ///< "ledger.rule", stable once released
    std::string_view what; ///< the rule in a few words
    void (*run)(ledger::Leaves& leaves, const ledger::Probe& probe, Result& result);
};

/// All rule audits, in the order in which a plan runs them.
std::span<const RuleAudit> rule_audits();

}
