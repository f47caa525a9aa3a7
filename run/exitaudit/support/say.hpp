// What is said to the user beside the results: on standard error, and to nobody if nobody reads it.
#pragma once

#include <fmt/format.h>

#include <cstdio>
#include <string_view>

namespace exitaudit {

// fmt::print would throw where nobody reads.
template <typename... Args> void say(fmt::format_string<Args...> format, Args&&... args) {
    std::fputs(fmt::format(format, std::forward<Args>(args)...).c_str(), stderr);
}

// What a program of ours says.
inline void pass_on(std::string_view bytes) { std::fwrite(bytes.data(), 1, bytes.size(), stderr); }

} // namespace exitaudit
