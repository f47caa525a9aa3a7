// The plan's words are checked on this side too, before anything boots.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace exitaudit {

// Why the guest would refuse this plan, near matches included; nothing if it would not.
std::optional<std::string> check_plan(const std::vector<std::string>& words);

// Which audits the plan runs, in order; all, if it is none.
std::vector<std::string_view> audits_of(const std::vector<std::string>& words);

// How many vCPUs fire by this plan; 1 if it is none.
unsigned vcpus_of(const std::vector<std::string>& words);

} // namespace exitaudit
