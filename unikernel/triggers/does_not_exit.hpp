// Whether an instruction exits, by the guest's clock alone: independent of the ledger.
#pragma once

#include "machine/cpuid.hpp"
#include "machine/features.hpp"
#include "machine/tsc.hpp"

#include <algorithm>

namespace triggers {

/// Cycles of the fastest of 50 firings: a busy host slows many of them, but not all.
inline std::uint64_t fastest(void (*fire)()) {
    const bool rdtscp = machine::has(machine::feature::rdtscp);
    auto least = ~std::uint64_t{0};
    for (unsigned i = 0; i < 50; i++) {
        const auto start = machine::open_measurement();
        fire();
        least = std::min(least, machine::close_measurement(rdtscp) - start);
    }
    return least;
}

/// Is a firing at least four times as fast as CPUID, which always exits? Where an emulator does not intercept
/// it, it is about a thousand times as fast.
inline bool does_not_exit(void (*fire)()) {
    return fastest(fire) < fastest([] { machine::cpuid(0); }) / 4;
}

}
