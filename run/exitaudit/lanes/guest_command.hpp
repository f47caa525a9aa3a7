// QEMU's command line for the audited guest, on any lane.
#pragma once

#include "exitaudit/lanes/host_spec.hpp"

namespace exitaudit {

enum class Accelerator { kvm, tcg };

struct Guest {
    Accelerator accelerator = Accelerator::kvm;
    Boot boot = Boot::kernel;
    std::string machine{}; // empty: the quickest that can boot this way
    unsigned vcpus = 1;
    std::string image{}; // as the QEMU that runs it sees it
    std::vector<std::string> plan{};
    bool virtio_console = false; // on standard output, beside the serial port
};

// The guest of this spec, for this accelerator and image.
Guest guest_from(const HostSpec& spec, Accelerator accelerator, const std::string& image);

// Makes the guest use a virtio console if its machine can have one: a line then costs one VM exit, not one
// for each character. Lines before the plan is read, and a refused plan, still use the serial port.
void speak_by_virtio(Guest& guest);

// The command: serial port on standard output, status through port 0xf4.
std::vector<std::string> guest_command(const Guest& guest);

// The command as one line, quoted for a POSIX shell.
std::string shell_line(const std::vector<std::string>& words);

} // namespace exitaudit
