// The embedded host (L1): its files, and what its init says on the console. The
// other end is run/embedded-host/init.
#pragma once

#include "exitaudit/lanes/guest_command.hpp"
#include "exitaudit/lanes/lane.hpp"
#include "exitaudit/lanes/places.hpp"
#include "exitaudit/lanes/sanitizers.hpp"

namespace exitaudit {

struct EmbeddedHost {
    std::filesystem::path kernel, initramfs; // the base, without KVM modules and guest
    std::filesystem::path modules;           // searched first: a mutant has some, not all
    std::filesystem::path fallback_modules;  // may equal `modules`

    // The files for this spec. Error that says what to build.
    static EmbeddedHost find(const HostSpec& spec, const Places& places);
};

// The guest's word for what emulates the host's processor: "qemu:7.2.22"; only the name if the version is
// "unknown".
std::string emulator_word(std::string_view name, std::string_view version);

// Its whole initramfs: the base, then KVM's modules, guest and command.
std::string host_initramfs(const EmbeddedHost& host, std::string_view emulator, const HostSpec& spec,
                           const Places& places);

// The kernel's command line on every emulator. Mitigations and self-tests cost time and are not audited. Log
// level 5 shows the kernel's warnings. A kernel that has partly crashed ends at once. Emulated CPUs share one
// TSC, but do not say so: a KVM that takes it for unstable stops the guest's TSC while the guest does not run
// (kvm_arch_vcpu_load()), but not its own.
inline constexpr auto host_kernel_words =
    "console=ttyS0,115200 loglevel=5 mitigations=off cryptomgr.notests panic=-1 oops=panic tsc=reliable";

// With the words that its sanitizers need.
std::string kernel_words_of(const HostSpec& spec);

// Follows the embedded host's console: fills the session. A complaint or stall counts once KVM is being
// loaded.
struct HostConsole : Session {
    std::string failure;          // what init could not do
    std::string stall_place;      // like complaint_place
    std::string* place = nullptr; // of what it complained of last, if that is still to come
    bool guest_runs = false;
    std::optional<int> guest_exited; // with this status of the inner QEMU

    bool sanitized = false; // its kernel's reports are judged by what they are about
    KernelReports reports;

    HostConsole() { witness.emplace(); }

    // Takes one line. Returns what to show the user as progress, or nothing.
    std::string line(const std::string& text);
};

// An emulator that boots the embedded host, with its console on standard error and the guest's serial port,
// which the host passes through, on standard output.
struct Emulator {
    std::string_view name;
    std::vector<std::string> command;
    std::string version;      // "2.7"
    std::string kernel_words; // the host's kernel's command line
    int success = 0;          // its exit status when the host has ended by itself
};

// Runs the emulator, and so the guest, to its end.
Session run_embedded_host(const Emulator& emulator, const HostSpec& spec, const Listener& listener);

} // namespace exitaudit
