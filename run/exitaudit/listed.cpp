// Choosing from the catalogue by names and globs.
#include "listed.hpp"

#include "audit/near_match.hpp"
#include "exit_code.hpp"
#include "plan_check.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <set>

namespace exitaudit {

using ledger::Numbering;
using triggers::Bound;
using triggers::Trigger;

std::size_t Catalogue::exits(Numbering numbering) const
{
    std::set<ledger::ExitNumber> exits;
    const auto add = [&](ledger::ExitNumber exit, Bound bound) {
        if (bound == Bound::exact || bound == Bound::at_least)
            exits.insert(exit);
    };
    for (const auto* trigger : triggers) {
        const auto& expected = expectation(*trigger, numbering);
        add(expected.exit, expected.bound);
        for (const auto& row : expected.also)
            add(row.exit, row.bound);
    }
    return exits.size();
}

std::string Catalogue::summary() const
{
    return fmt::format("{} triggers, which cause {} basic exit reasons of VMX and {} exit codes of SVM; {} further audits",
                       triggers.size(), exits(Numbering::vmx), exits(Numbering::svm), audits.size());
}

Catalogue listed(const std::vector<std::string>& names)
{
    for (const auto& name : names)
        if (name.find_first_of("=:") != std::string::npos)
            throw Error(fmt::format("'{}': only names and globs can be listed", name), ExitCode::usage);
    if (const auto error = check_plan(names))
        throw Error(*error, ExitCode::usage);
    Catalogue catalogue{.triggers = {}, .audits = {}, .whole = names.empty()};
    audit::for_each_audit([&](std::size_t, std::string_view name, const Trigger* trigger, const audit::RuleAudit* rule) {
        const bool wanted = names.empty() || std::ranges::any_of(names, [&](const std::string& glob) {
                                return glob == "all" || audit::matches(glob, name);
                            });
        if (wanted && trigger)
            catalogue.triggers.push_back(trigger);
        if (wanted && rule)
            catalogue.audits.push_back(rule);
    });
    return catalogue;
}

} // namespace exitaudit
