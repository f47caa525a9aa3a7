// Matching names: by glob, and by likeness for those who mistype.
#pragma once

#include <cstddef>
#include <string_view>

namespace plan {

/// Does `name` match the shell pattern `glob` ('*' any characters, '?' one)?
bool matches(std::string_view glob, std::string_view name);

/// How many characters must be inserted, removed or exchanged to turn one text
/// into the other (Levenshtein). Texts are compared up to their 63rd character.
std::size_t edit_distance(std::string_view a, std::string_view b);

}
