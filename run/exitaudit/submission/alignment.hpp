// Which lines of one text are which lines of another.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

namespace exitaudit::grade {

// For each line of `theirs`, the line of `ours` that is the same but for white space, in order; none: it has
// none. Long lines and neighbours count most, so that a lone brace does not pull others away. None at all if
// the texts have more than 8 million pairs of lines. Both are indexes into the spans, from 0.
std::vector<std::optional<std::size_t>> align(std::span<const std::string> theirs,
                                              std::span<const std::string> ours);

// How much of their weight is found in ours, from 0 to 1.
double share_found(std::span<const std::string> theirs, std::span<const std::string> ours);

// How much of two lines' words and signs is the same, in order, from 0 to 1.
double similarity(const std::string& one, const std::string& other);

} // namespace exitaudit::grade
