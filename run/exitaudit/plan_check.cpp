// The guest's own plan parser, compiled for the host.
#include "plan_check.hpp"

#include "audit/plan.hpp"

#include <fmt/format.h>

namespace exitaudit {

std::optional<std::string> check_plan(const std::vector<std::string>& words)
{
    audit::Plan plan;
    const auto error = audit::Plan::parse(fmt::format("{}", fmt::join(words, " ")), plan);
    if (!error)
        return std::nullopt;
    return std::string(error->view());
}

} // namespace exitaudit
