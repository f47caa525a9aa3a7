// The embedded host (L1): its files, and what its init says on the console. The
// other end is run/embedded-host/init.
#pragma once

#include "guest_command.hpp"
#include "overlay.hpp"
#include "places.hpp"

#include <string_view>

namespace exitaudit {

struct EmbeddedHost {
    std::filesystem::path kernel, initramfs; // the base, without KVM modules and guest
    std::filesystem::path modules;           // searched first: a mutant has some, not all
    std::filesystem::path fallback_modules;  // may equal `modules`

    // The files that the options ask for. Error that says what to build.
    static EmbeddedHost find(const RunOptions& options, const Places& places);
};

// What the embedded host needs besides its base: KVM's modules, guest and command.
std::string host_overlay(const EmbeddedHost& host, const RunOptions& options, const Places& places);

// Follows the embedded host's console.
struct HostConsole {
    std::string kernel;              // like "Linux 6.1.0-56-cloud-amd64 6.1.192-2"
    std::string failure;             // what init could not do
    std::string complaint;           // a kernel warning or oops
    std::optional<int> guest_exited; // with this status of the inner QEMU
    std::vector<std::string> tail;   // the last lines

    // Takes one line; returns what to tell the user of progress, or nothing.
    std::string line(const std::string& text);
};

} // namespace exitaudit
