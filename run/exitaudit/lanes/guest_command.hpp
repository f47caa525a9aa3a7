// QEMU's command line for the audited guest: the same on this machine's KVM, on
// plain TCG, and inside the embedded host.
#pragma once

#include "exitaudit/lanes/host_spec.hpp"

namespace exitaudit {

enum class Accelerator { kvm, tcg };

struct Guest {
    Accelerator accelerator = Accelerator::kvm;
    Boot boot = Boot::kernel;
    std::string machine; // empty: the quickest that can boot this way
    unsigned vcpus = 1;
    std::string image; // as the QEMU that runs it sees it
    std::vector<std::string> plan;
    bool virtio_console = false; // on standard output, beside the serial port
};

// The guest of this spec, for this accelerator and image.
Guest guest_from(const HostSpec& spec, Accelerator accelerator, const std::string& image);

// Has the guest speak by a virtio console where its machine can have one: a line then
// costs one VM exit, not one for each character. What it says before it has read its plan,
// and that the plan is none, still comes by the serial port.
void speak_by_virtio(Guest& guest);

// The command: serial port on standard output, status through port 0xf4.
std::vector<std::string> guest_command(const Guest& guest);

// The command as one line that a POSIX shell reads back as the same words.
std::string shell_line(const std::vector<std::string>& words);

} // namespace exitaudit
