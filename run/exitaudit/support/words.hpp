// Command lines as lists of words.
#pragma once

#include <fmt/core.h>

#include <iterator>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

namespace exitaudit {

using Words = std::vector<std::string>;

inline void append(Words& words, const Words& more) { words.insert(words.end(), more.begin(), more.end()); }

// Splits at spaces.
inline Words words(std::string_view text) {
    std::istringstream stream{std::string(text)};
    return {std::istream_iterator<std::string>(stream), {}};
}

// Formats, then splits. No argument may contain a space.
template <typename... Args> Words words(fmt::format_string<Args...> text, Args&&... args) {
    return words(std::string_view(fmt::format(text, std::forward<Args>(args)...)));
}

} // namespace exitaudit
