// QEMU as an AMD processor that runs the embedded host, for lanes that differ in their clock.
#pragma once

#include "exitaudit/lanes/lane.hpp"

namespace exitaudit {

struct SvmClock {
    std::vector<std::string> words; // for QEMU's command line
    std::uint32_t khz = 0;          // of the TSC that QEMU shows; 0: unknown
    bool one_cpu = false;           // the host has one, not two
};

// Runs the guest to its end, like Lane::run.
Session run_svm_host(const HostSpec& spec, const Places& places, const Listener& listener,
                     const SvmClock& clock);

} // namespace exitaudit
