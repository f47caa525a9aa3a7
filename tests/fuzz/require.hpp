// What the targets of libFuzzer share.
#pragma once

#include <cstdlib>
#include <string>

namespace exitaudit::fuzz {

// In any build: assert() may be compiled away.
inline void require(bool is_so) {
    if (!is_so) std::abort();
}

inline std::string text(const unsigned char* data, std::size_t size) { return {data, data + size}; }

} // namespace exitaudit::fuzz
