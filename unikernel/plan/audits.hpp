// Everything that a plan can name: the triggers, then the audits of rules.
#pragma once

#include "triggers/catalogue.hpp"

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace audit {
struct Bench;
struct Result;
}

namespace plan {

/// An audit of a rule that always holds.
struct RuleAudit {
    std::string_view name; ///< "ledger.rule", "time.rule" or "smp.rule", stable once released
    std::string_view what; ///< the rule, in a few words
    void (*run)(const audit::Bench& bench, audit::Result& result);
    ledger::LeafSet needs{}; ///< skipped on a host without one of these
    bool alone = false;      ///< skipped where another VM is busy and its exits are in the same table
    std::uint32_t count = 0; ///< random choices by default, or exits of each vCPU; 0: the plan cannot choose
    bool together = false;   ///< several vCPUs work at once: skipped with one
    bool may_last = false;   ///< can be given seconds instead
};

/// All of them, in the order in which a plan runs them: unikernel/audit/run/audits.cpp.
std::span<const RuleAudit> rule_audits();

/// Calls `visit(index, name, const Trigger*, const RuleAudit*)` for each audit in the order in which a plan
/// runs them; one of the pointers is null.
template <typename Visit> void for_each_audit(Visit visit) {
    std::size_t index = 0;
    triggers::for_each_trigger([&](const triggers::Trigger& trigger) {
        visit(index++, trigger.name, &trigger, static_cast<const RuleAudit*>(nullptr));
    });
    for (const auto& rule : rule_audits())
        visit(index++, rule.name, static_cast<const triggers::Trigger*>(nullptr), &rule);
}
}
