// Does an instruction exit? By the guest's clock alone, so that no ledger has a say in it.
#pragma once

#include "machine/cpuid.hpp"
#include "machine/features.hpp"
#include "machine/tsc.hpp"

#include <algorithm>

namespace triggers {

/// Cycles of the quickest of some firings: a host that is busy makes many of them slow, not all.
inline std::uint64_t quickest(void (*fire)())
{
    const bool rdtscp = machine::has(machine::feature::rdtscp);
    auto least = ~std::uint64_t{0};
    for (unsigned i = 0; i < 50; i++) {
        const auto start = machine::open_measurement();
        fire();
        least = std::min(least, machine::close_measurement(rdtscp) - start);
    }
    return least;
}

/// Is a firing too quick to have exited: four times as quick as CPUID, which always exits? Where
/// emulators fail to intercept it, it is a thousand times as quick.
inline bool passes(void (*fire)())
{
    return quickest(fire) < quickest([] { machine::cpuid(0); }) / 4;
}

}
