// How a trigger or an audit ended, and what was found wrong.
#pragma once

#include <string_view>
#include <string>
#include <vector>

namespace exitaudit {

enum class Outcome { ok, not_ok, skip };

// The outcome's name in a record.
std::string_view outcome_name(Outcome outcome);

// A likely cause of failures, or a note.
struct Finding {
    std::string id{}, text{};            // for programs; a sentence
    std::string or_id{};                 // of another cause with the same symptoms
    std::vector<std::string> explains{}; // names of results that failed because of it
    std::string_view source{};           // "guest" or "host"
};

} // namespace exitaudit
