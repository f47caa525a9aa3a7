// Running the guest's QEMU right here, without a host of our own around it.
#pragma once

#include "guest_command.hpp"
#include "lane.hpp"

namespace exitaudit {

// Runs the guest under QEMU with this accelerator. `started` is told QEMU's process.
Session run_directly(const RunOptions& options, const Places& places, const Listener& listener, Accelerator accelerator,
                     const std::function<void(int)>& started = {});

} // namespace exitaudit
