// The time stamp counter, fenced for measuring.
#pragma once

#include <cstdint>

namespace machine {

inline std::uint64_t rdtsc() {
    std::uint32_t low, high;
    asm volatile("rdtsc" : "=a"(low), "=d"(high));
    return std::uint64_t{high} << 32 | low;
}

/// Opens a measurement: nothing before it is still in flight. LFENCE waits for
/// all earlier instructions (SDM vol. 2, RDTSC; APM vol. 3, LFENCE).
inline std::uint64_t open_measurement() {
    std::uint32_t low, high;
    asm volatile("lfence; rdtsc" : "=a"(low), "=d"(high) : : "memory");
    return std::uint64_t{high} << 32 | low;
}

/// Closes a measurement: RDTSCP waits for what is measured, LFENCE keeps what
/// follows from starting early. Without RDTSCP a fence on each side does it.
inline std::uint64_t close_measurement(bool rdtscp) {
    std::uint32_t low, high;
    if (rdtscp)
        asm volatile("rdtscp; lfence" : "=a"(low), "=d"(high) : : "rcx", "memory");
    else
        asm volatile("lfence; rdtsc; lfence" : "=a"(low), "=d"(high) : : "memory");
    return std::uint64_t{high} << 32 | low;
}

}
