// Command lines as lists of words.
#pragma once

#include <fmt/core.h>

#include <string>
#include <string_view>
#include <vector>

namespace exitaudit {

using Words = std::vector<std::string>;

inline void append(Words& words, const Words& more) { words.insert(words.end(), more.begin(), more.end()); }

// Splits at each space.
inline Words words(std::string_view text)
{
    Words words;
    for (std::size_t end = 0; end != std::string_view::npos; text.remove_prefix(end + 1)) {
        end = text.find(' ');
        words.emplace_back(text.substr(0, end));
        if (end == std::string_view::npos)
            break;
    }
    return words;
}

// Formats, then splits. No argument may contain a space.
template <typename... Args>
Words words(fmt::format_string<Args...> text, Args&&... args)
{
    return words(std::string_view(fmt::format(text, std::forward<Args>(args)...)));
}

} // namespace exitaudit
