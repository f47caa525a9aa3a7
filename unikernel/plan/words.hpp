// Splits a plan's line into words and numbers.
#pragma once

#include "plan/plan.hpp"

namespace plan {

/// The word of a plan that only measures: Plan::costs().
inline constexpr std::string_view costs_word = "costs";

/// Cuts the next word off the front; nothing at the end of the line.
std::optional<std::string_view> next_word(std::string_view& line, std::string_view separators);

/// A whole number up to `most`; nothing if the text is not one.
std::optional<std::uint32_t> parse_number(std::string_view text, std::uint32_t most);

/// Reads a whole number from `least` to `most` into `target`; otherwise the error, by a pattern for the word
/// and both limits.
template <typename Target>
std::optional<PlanError> read_number(std::string_view word, std::string_view value, std::uint32_t least,
                                     std::uint32_t most, Target& target, std::string_view pattern) {
    const auto number = parse_number(value, most);
    if (!number || *number < least) return PlanError(pattern, word, least, most);
    target = *number;
    return {};
}

inline auto read_count(std::string_view word, std::string_view value, std::uint32_t& count) {
    return read_number(word, value, 1, Plan::max_count, count,
                       "'{}': a count is a whole number from {} to {}");
}
inline auto read_seconds(std::string_view word, std::string_view value, std::uint32_t& seconds) {
    return read_number(word, value, 1, Plan::max_seconds, seconds,
                       "'{}': seconds are a whole number from {} to {}");
}

/// "7.2" or "7.2.22": ignores what follows the second number. Nothing if the text is not a version.
std::optional<triggers::Version> parse_version(std::string_view text);

}
