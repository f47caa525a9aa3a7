// What somebody may have meant who mistyped a name.
#pragma once

#include "plan/near_match.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <string>
#include <vector>

namespace exitaudit {

// "; did you mean NAME?" with the name that is most like the word; empty if none is like it.
inline std::string suggestion(const std::string& word, const std::vector<std::string>& names) {
    const auto distance = [&](const std::string& name) { return plan::edit_distance(word, name); };
    const auto nearest = std::ranges::min_element(names, {}, distance);
    if (nearest == names.end() || distance(*nearest) > 1 + word.size() / 2) return "";
    return fmt::format("; did you mean {}?", *nearest);
}

} // namespace exitaudit
