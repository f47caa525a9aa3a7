// How a trigger or an audit ended.
#pragma once

#include <string_view>

namespace exitaudit {

enum class Outcome { ok, not_ok, skip };

// The outcome's name in a record.
std::string_view outcome_name(Outcome outcome);

} // namespace exitaudit
