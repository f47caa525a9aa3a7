// Parsing a line from its start. What is taken is removed from the text.
#pragma once

#include <charconv>
#include <optional>
#include <string_view>

namespace exitaudit {

inline bool take_prefix(std::string_view& text, std::string_view prefix) {
    if (!text.starts_with(prefix)) return false;
    text.remove_prefix(prefix.size());
    return true;
}

// The decimal number at the start of the text; none if there is no digit or it is too large.
template <typename Number = unsigned long> std::optional<Number> take_number(std::string_view& text) {
    Number value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc()) return std::nullopt;
    text.remove_prefix(static_cast<std::size_t>(end - text.data()));
    return value;
}

} // namespace exitaudit
