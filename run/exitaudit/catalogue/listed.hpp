// What of the catalogue is to be listed.
#pragma once

#include "audit/audits.hpp"
#include "triggers/trigger.hpp"

#include <string>
#include <vector>
#include <optional>
#include <string_view>

namespace exitaudit {

struct Catalogue {
    std::vector<const triggers::Trigger*> triggers;
    std::vector<const audit::RuleAudit*> audits;
    bool whole; // nothing is left out

    // How many exit numbers of one vendor the triggers must cause, in words.
    std::string exits(ledger::Numbering numbering) const;

    std::string summary() const;
};

// What these names and globs match; all, if there are none. Error (usage) if a name matches nothing.
Catalogue listed(const std::vector<std::string>& names);

// Why the guest would refuse this plan, near matches included; nothing if it would not.
std::optional<std::string> check_plan(const std::vector<std::string>& words);

// Which audits the plan runs, in order; all, if it is none.
std::vector<std::string_view> audits_of(const std::vector<std::string>& words);

// How many vCPUs fire by this plan; 1 if it is none.
unsigned vcpus_of(const std::vector<std::string>& words);

} // namespace exitaudit
