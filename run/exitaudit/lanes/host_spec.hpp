// What a lane is to boot: a host, and the guest on it.
#pragma once

#include "exitaudit/lanes/overlay.hpp"

#include <chrono>
#include <optional>
#include <vector>

namespace exitaudit {

enum class Boot { kernel, pvh, iso };

// What runs on the host instead of the audited guest. The lane listens to its standard output.
struct OwnGuest {
    std::vector<std::string> command;
    std::vector<OverlayFile> files; // for an embedded host's initramfs
};

struct HostSpec {
    // Of an embedded host; kernel, built and modules empty: the built ones.
    std::optional<std::string> kernel;
    std::filesystem::path built;         // what host-kvm-patch/trees has made of a kernel tree
    std::vector<std::string> sanitizers; // in its kernel
    std::filesystem::path modules;
    std::string mutant;
    bool shadow_paging = false;    // KVM is loaded with ept=0, npt=0
    std::string exit_ledger;       // kvm's parameter of this name; empty: as KVM has it
    bool costs = false;            // nothing counts exits beside KVM, which would take longer than the exits
    bool marks = false;            // the guest is stopped around each trigger's firings (Marks)
    bool noise = false;            // a second, busy VM runs beside the guest
    std::filesystem::path prepare; // a shell script that the host runs before the guest; empty: none
    bool stress = false;           // after the guest, run/embedded-host/stress.cpp runs
    // Of any host.
    bool perf = false; // `perf kvm stat` counts the exits, too
    std::chrono::seconds timeout{120};
    std::chrono::seconds silence{}; // of a guest that exitaudit itself starts, which then hangs; 0: any
    // The guest.
    Boot boot = Boot::pvh;
    std::string machine;         // empty: the best for `boot`
    std::filesystem::path image; // empty: the built one
    unsigned vcpus = 1;
    std::vector<std::string> plan;
    std::optional<OwnGuest> own_guest;
};

} // namespace exitaudit
