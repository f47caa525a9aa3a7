// Matches names by glob, and mistyped names by similarity.
#pragma once

#include <cstddef>
#include <string_view>

namespace plan {

/// Does `name` match the shell pattern `glob` ('*' any characters, '?' one)?
bool matches(std::string_view glob, std::string_view name);

/// Levenshtein distance of the first 63 characters: how many must be inserted, removed or replaced.
std::size_t edit_distance(std::string_view a, std::string_view b);

}
