// XCR0, which CR4.OSXSAVE makes accessible.
#pragma once

#include <cstdint>

namespace machine {

inline std::uint64_t read_xcr0() {
    std::uint32_t low, high;
    asm volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
    return std::uint64_t{high} << 32 | low;
}

inline void write_xcr0(std::uint64_t value) {
    asm volatile("xsetbv" : : "a"(value), "d"(value >> 32), "c"(0) : "memory");
}

}
