// Reading a line from its start: what is taken is gone from the text, what does not fit is
// left there.
#pragma once

#include <charconv>
#include <optional>
#include <string_view>

namespace exitaudit {

inline bool take_prefix(std::string_view& text, std::string_view prefix)
{
    if (!text.starts_with(prefix))
        return false;
    text.remove_prefix(prefix.size());
    return true;
}

// The decimal number that the text starts with; none if it does with no digit or the number is too large.
template <typename Number = unsigned long>
std::optional<Number> take_number(std::string_view& text)
{
    Number value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc())
        return std::nullopt;
    text.remove_prefix(static_cast<std::size_t>(end - text.data()));
    return value;
}

} // namespace exitaudit
