// Choosing from the catalogue by names and globs.
#include "exitaudit/catalogue/catalogue.hpp"

#include "exitaudit/support/exit_code.hpp"
#include "ledger/exit_names.hpp"
#include "plan/near_match.hpp"
#include "plan/plan.hpp"

#include <boost/algorithm/string/case_conv.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <set>

namespace exitaudit {

using ledger::Numbering;
using triggers::Bound;
using triggers::Expectation;
using triggers::Trigger;

namespace {

// How many exit numbers of one vendor these triggers must cause, in words.
std::string exits_of(const std::vector<const Trigger*>& triggers, Numbering numbering) {
    std::set<ledger::ExitNumber> all, seen;
    const auto add = [&](const Expectation& expected, ledger::ExitNumber exit, Bound bound,
                         std::uint32_t per_firing) {
        if (per_firing == 0 || bound == Bound::at_most) return;
        all.insert(exit);
        if (expected.unseen.empty()) seen.insert(exit);
    };
    for (const auto* trigger : triggers) {
        const auto& expected = trigger->expectation(numbering);
        add(expected, expected.exit, expected.bound, expected.per_firing);
        for (const auto& row : expected.also) add(expected, row.exit, row.bound, row.per_firing);
    }
    return fmt::format("{} {} of {} ({} of them seen on an emulated lane)", all.size(),
                       numbering == Numbering::vmx ? "basic exit reasons" : "exit codes",
                       numbering == Numbering::vmx ? "VMX" : "SVM", seen.size());
}

bool matches_any(const std::string& glob) {
    bool found = false;
    plan::for_each_audit(
        [&](std::size_t, std::string_view name, auto, auto) { found = found || plan::matches(glob, name); });
    return found;
}

std::optional<plan::PlanError> parse(const std::vector<std::string>& words, plan::Plan& plan) {
    return plan::Plan::parse(fmt::format("{}", fmt::join(words, " ")), plan);
}

} // namespace

std::string Catalogue::summary() const {
    return fmt::format("{} triggers, which cause {} and {}; {} further audits", triggers.size(),
                       exits_of(triggers, Numbering::vmx), exits_of(triggers, Numbering::svm), audits.size());
}

Catalogue listed(const std::vector<std::string>& names) {
    for (const auto& name : names)
        if (name.find_first_of("=:") != std::string::npos)
            throw usage_error("'{}': only names and globs can be listed", name);
    // The plan's parser names near matches, but refuses a glob for what ends the guest.
    for (const auto& name : names)
        if (const auto error = check_plan({name}); error && !matches_any(name))
            throw usage_error("{}", *error);
    Catalogue catalogue{.triggers = {}, .audits = {}, .whole = names.empty()};
    plan::for_each_audit(
        [&](std::size_t, std::string_view name, const Trigger* trigger, const plan::RuleAudit* rule) {
            const bool wanted = names.empty() || std::ranges::any_of(names, [&](const std::string& glob) {
                                    return glob == "all" || plan::matches(glob, name);
                                });
            if (wanted && trigger) catalogue.triggers.push_back(trigger);
            if (wanted && rule) catalogue.audits.push_back(rule);
        });
    return catalogue;
}

std::vector<std::string> audit_names() {
    std::vector<std::string> names;
    plan::for_each_audit([&](std::size_t, std::string_view name, auto, auto) { names.emplace_back(name); });
    return names;
}

std::vector<std::string> exit_names() {
    std::set<std::string> names;
    for (const auto numbering : {ledger::Numbering::vmx, ledger::Numbering::svm})
        for (ledger::ExitNumber exit = 0; exit < ledger::exit_number_end; ++exit)
            if (const auto name = ledger::exit_name(numbering, exit); name != "-")
                names.insert(boost::to_lower_copy(std::string(name)));
    return {names.begin(), names.end()};
}

std::optional<std::string> check_plan(const std::vector<std::string>& words) {
    plan::Plan plan;
    const auto error = parse(words, plan);
    if (!error) return std::nullopt;
    return std::string(error->view());
}

std::vector<std::string_view> audits_of(const std::vector<std::string>& words) {
    plan::Plan plan;
    parse(words, plan);
    std::vector<std::string_view> names;
    plan::for_each_audit([&](std::size_t index, std::string_view name, auto, auto) {
        if (plan.selects(index)) names.push_back(name);
    });
    return names;
}

unsigned vcpus_of(const std::vector<std::string>& words) {
    plan::Plan plan;
    parse(words, plan); // an invalid plan counts as an empty one
    return plan.vcpus();
}

bool measures_costs(const std::vector<std::string>& words) {
    plan::Plan plan;
    parse(words, plan);
    return plan.costs();
}

} // namespace exitaudit
