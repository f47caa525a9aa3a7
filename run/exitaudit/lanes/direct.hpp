// Running the guest's QEMU right here, without a host of our own around it.
#pragma once

#include "exitaudit/lanes/guest_command.hpp"
#include "exitaudit/lanes/lane.hpp"

namespace exitaudit {

// How to change QEMU's command line before it runs, and whom to tell the process's number. Either may be
// empty.
struct Around {
    std::function<std::vector<std::string>(std::vector<std::string>)> command;
    std::function<void(int)> started;
};

// Runs the guest under QEMU with this accelerator.
Session run_directly(const HostSpec& spec, const Places& places, const Listener& listener,
                     Accelerator accelerator, const Around& around = {});

} // namespace exitaudit
