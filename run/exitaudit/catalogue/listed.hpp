// What of the catalogue is to be listed.
#pragma once

#include "audit/audits.hpp"
#include "triggers/trigger.hpp"

#include <string>
#include <vector>

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

} // namespace exitaudit
