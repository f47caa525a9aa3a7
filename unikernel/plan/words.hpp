// Taking a plan's line apart: words, numbers, and what to say of a count that is none.
#pragma once

#include "plan/plan.hpp"

namespace plan {

/// Cuts the next word off the front; nothing at the end of the line.
std::optional<std::string_view> next_word(std::string_view& line, std::string_view separators);

/// A whole number up to `most`; nothing if the text is none.
std::optional<std::uint32_t> parse_number(std::string_view text, std::uint32_t most);

/// A whole number from 1 to Plan::max_count.
std::optional<std::uint32_t> parse_count(std::string_view text);

/// "7.2" or "7.2.22": what follows the second number does not matter. Nothing if the text is no version.
std::optional<triggers::Version> parse_version(std::string_view text);

PlanError bad_count(std::string_view word);

}
