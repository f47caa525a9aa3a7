// Extended state: CR4.OSXSAVE, and XCR0, which it makes accessible.
#pragma once

#include <cstdint>

namespace machine {

inline constexpr std::uint64_t cr4_osxsave = 1 << 18;

/// Lets XSAVE and its kin execute. Needs CPUID.1:ECX.XSAVE.
inline void enable_xsave()
{
    std::uint64_t cr4;
    asm volatile("mov %%cr4, %0; or %1, %0; mov %0, %%cr4" : "=&r"(cr4) : "r"(cr4_osxsave) : "memory", "cc");
}

inline void disable_xsave()
{
    std::uint64_t cr4;
    asm volatile("mov %%cr4, %0; and %1, %0; mov %0, %%cr4" : "=&r"(cr4) : "r"(~cr4_osxsave) : "memory", "cc");
}

inline std::uint64_t read_xcr0()
{
    std::uint32_t low, high;
    asm volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
    return std::uint64_t{high} << 32 | low;
}

inline void write_xcr0(std::uint64_t value)
{
    asm volatile("xsetbv" : : "a"(static_cast<std::uint32_t>(value)), "d"(static_cast<std::uint32_t>(value >> 32)), "c"(0) : "memory");
}

}
