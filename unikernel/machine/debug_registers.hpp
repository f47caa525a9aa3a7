// Debug registers: breakpoint addresses and their control.
#pragma once

#include <cstdint>

namespace machine {

/// SDM vol. 3, Debug Registers. DR4 and DR5 are other names of DR6 and DR7.
enum class Dr : unsigned { dr0 = 0, dr1 = 1, dr2 = 2, dr3 = 3, dr6 = 6, dr7 = 7 };

/// What DR7 holds while no breakpoint is enabled.
inline constexpr std::uint64_t dr7_none = 0x400;

/// What DR6 holds while no condition was detected.
inline constexpr std::uint64_t dr6_none = 0xffff0ff0;

template <Dr dr> std::uint64_t read_dr() {
    std::uint64_t value;
    asm volatile("mov %%db%c1, %0" : "=r"(value) : "i"(dr));
    return value;
}

template <Dr dr> void write_dr(std::uint64_t value) {
    asm volatile("mov %0, %%db%c1" : : "r"(value), "i"(dr));
}

}
