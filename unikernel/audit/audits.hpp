// Everything that a plan can name: the triggers' exactness audits, then the rule audits, then those of
// several vCPUs.
#pragma once

#include "audit/rules.hpp"
#include "audit/smp.hpp"
#include "triggers/catalogue.hpp"

#include <cstddef>
#include <initializer_list>
#include <string_view>

namespace audit {

/// Calls `visit(index, name, const Trigger*, const RuleAudit*)` for each audit in
/// the order in which a plan runs them; one of the pointers is null.
template <typename Visit>
void for_each_audit(Visit visit)
{
    std::size_t index = 0;
    triggers::for_each_trigger([&](const triggers::Trigger& trigger) {
        visit(index++, trigger.name, &trigger, static_cast<const RuleAudit*>(nullptr));
    });
    for (const auto audits : {rule_audits(), smp_audits()})
        for (const auto& rule : audits)
            visit(index++, rule.name, static_cast<const triggers::Trigger*>(nullptr), &rule);
}

}
