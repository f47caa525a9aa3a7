// Selecting from the catalogue, and checking plans by the guest's own parser.
#pragma once

#include "plan/audits.hpp"
#include "triggers/trigger.hpp"
#include "exitaudit/support/task.hpp"

#include <optional>
#include <string>
#include <vector>

namespace exitaudit {

struct Catalogue {
    std::vector<const triggers::Trigger*> triggers;
    std::vector<const plan::RuleAudit*> audits;
    bool whole; // nothing is left out

    std::string summary() const;
};

// What these names and globs match; without names, all. Error (usage) if a name matches nothing.
Catalogue listed(const std::vector<std::string>& names);

// Why the guest would refuse this plan, near matches included; nothing if it would not.
std::optional<std::string> check_plan(const std::vector<std::string>& words);

// The audits that the plan runs, in order; all if the plan is invalid.
std::vector<std::string_view> audits_of(const std::vector<std::string>& words);

// All that a plan can name.
std::vector<std::string> audit_names();

// What either vendor's manual calls its exits, in small letters.
std::vector<std::string> exit_names();

// How many vCPUs fire; 1 if the plan is invalid.
unsigned vcpus_of(const std::vector<std::string>& words);

// Does the guest only measure costs? Not if the plan is invalid.
bool measures_costs(const std::vector<std::string>& words);

enum class ListForm { table, json, markdown };

struct ListOptions {
    ListForm form = ListForm::table;
    bool verbose = false, causes = false;
    std::vector<std::string> names; // none: all
};

void add_list(CLI::App& app, Task& task);

// Prints the causes that findings and notes name (unikernel/diagnosis/). Returns the exit code. Error (usage)
// if a name matches nothing.
int list_causes(const ListOptions& options);

} // namespace exitaudit
