// Splits a plan's line.
#include "plan/words.hpp"

#include <algorithm>

namespace plan {

std::optional<std::string_view> next_word(std::string_view& line, std::string_view separators) {
    line.remove_prefix(std::min(line.find_first_not_of(separators), line.size()));
    if (line.empty()) return {};
    const auto word = line.substr(0, line.find_first_of(separators));
    line.remove_prefix(word.size());
    return word;
}

std::optional<std::uint32_t> parse_number(std::string_view text, std::uint32_t most) {
    if (text.empty()) return {};
    std::uint64_t value = 0;
    for (const char c : text) {
        if (c < '0' || c > '9') return {};
        value = value * 10 + static_cast<std::uint64_t>(c - '0');
        if (value > most) return {};
    }
    return static_cast<std::uint32_t>(value);
}

std::optional<triggers::Version> parse_version(std::string_view text) {
    constexpr std::uint32_t most = 999;
    const auto major = next_word(text, "."), minor = next_word(text, ".");
    const auto first = major ? parse_number(*major, most) : std::nullopt,
               second = minor ? parse_number(*minor, most) : std::nullopt;
    if (!first || !second) return {};
    return triggers::Version{*first, *second};
}

}
