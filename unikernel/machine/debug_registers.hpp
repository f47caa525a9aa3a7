// Debug registers: breakpoint addresses and their control.
#pragma once

#include <cstdint>

namespace machine {

/// SDM vol. 3, 17.2 "Debug Registers".
enum class Dr : unsigned { dr0 = 0, dr7 = 7 };

/// What DR7 holds while no breakpoint is enabled.
inline constexpr std::uint64_t dr7_none = 0x400;

template <Dr dr>
std::uint64_t read_dr()
{
    std::uint64_t value;
    asm volatile("mov %%db%c1, %0" : "=r"(value) : "i"(dr));
    return value;
}

template <Dr dr>
void write_dr(std::uint64_t value)
{
    asm volatile("mov %0, %%db%c1" : : "r"(value), "i"(dr));
}

}
