// What a guest or host was found to do wrong, or a note about it.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace exitaudit {

struct Finding {
    std::string id{}, text{};            // for programs; a sentence
    std::string or_id{};                 // of the cause that looks the same
    std::vector<std::string> explains{}; // names of the results that failed by it
    std::string_view source{};           // "guest" or "host"
};

} // namespace exitaudit
