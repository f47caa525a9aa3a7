// The guest's own plan parser, compiled for the host.
#include "exitaudit/catalogue/listed.hpp"

#include "audit/audits.hpp"
#include "audit/plan.hpp"

#include <fmt/format.h>

namespace exitaudit {

namespace {

std::optional<audit::PlanError> parse(const std::vector<std::string>& words, audit::Plan& plan)
{
    return audit::Plan::parse(fmt::format("{}", fmt::join(words, " ")), plan);
}

} // namespace

std::optional<std::string> check_plan(const std::vector<std::string>& words)
{
    audit::Plan plan;
    const auto error = parse(words, plan);
    if (!error)
        return std::nullopt;
    return std::string(error->view());
}

std::vector<std::string_view> audits_of(const std::vector<std::string>& words)
{
    audit::Plan plan;
    parse(words, plan);
    std::vector<std::string_view> names;
    audit::for_each_audit([&](std::size_t index, std::string_view name, auto, auto) {
        if (plan.selects(index))
            names.push_back(name);
    });
    return names;
}

unsigned vcpus_of(const std::vector<std::string>& words)
{
    audit::Plan plan;
    parse(words, plan); // a plan that is none is as if nothing had been asked for
    return plan.vcpus();
}

} // namespace exitaudit
