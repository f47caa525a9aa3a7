// How a trigger or an audit ended.
#pragma once

#include <string_view>
#include <string>
#include <vector>

namespace exitaudit {

enum class Outcome { ok, not_ok, skip };

// The outcome's name in a record.
std::string_view outcome_name(Outcome outcome);

struct Finding {
    std::string id{}, text{};            // for programs; a sentence
    std::string or_id{};                 // of the cause that looks the same
    std::vector<std::string> explains{}; // names of the results that failed by it
    std::string_view source{};           // "guest" or "host"
};

} // namespace exitaudit
