// QEMU's command line for the Linux guest, and the sampler around it.
#pragma once

#include "exitaudit/boot/options.hpp"

#include <string>
#include <vector>

namespace exitaudit {

// The guest's files, as the QEMU that runs it sees them.
struct BootFiles {
    std::string sampler, kernel, initrd, disk; // the last two may be empty
    bool disposable_disk = false;              // a copy that may be written to
};

// The whole command.
std::vector<std::string> boot_command(const BootOptions& options, const BootFiles& files);

} // namespace exitaudit
