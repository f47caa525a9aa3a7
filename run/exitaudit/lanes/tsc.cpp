// The TSC's frequency, from two looks at it and at the clock.
#include "exitaudit/lanes/places.hpp"

#if defined(__x86_64__)
#include <chrono>
#include <cmath>
#include <thread>

#include <x86intrin.h>
#endif

namespace exitaudit {

#if defined(__x86_64__)
namespace {

using Clock = std::chrono::steady_clock;

struct Look {
    std::uint64_t tsc;
    Clock::time_point time;
    Clock::duration doubt;
};

// Of several looks the one that nothing delayed between its two readings of the clock.
Look look()
{
    constexpr int attempts = 100;
    Look best{0, {}, Clock::duration::max()};
    for (int i = 0; i < attempts; i++) {
        const auto before = Clock::now();
        const auto tsc = __rdtsc();
        const auto doubt = Clock::now() - before;
        if (doubt < best.doubt)
            best = {tsc, before + doubt / 2, doubt};
    }
    return best;
}

} // namespace

std::uint32_t measured_tsc_khz()
{
    const auto first = look();
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
    const auto last = look();
    const std::chrono::duration<double, std::milli> elapsed = last.time - first.time;
    return static_cast<std::uint32_t>(
        std::lround(static_cast<double>(last.tsc - first.tsc) / elapsed.count()));
}
#else
std::uint32_t measured_tsc_khz() { return 0; }
#endif

} // namespace exitaudit
