// A lane is a way to get a host for the guest. A new one is one more file that defines a Lane, and its name
// in lanes.cpp.
#pragma once

#include "exitaudit/documents/document.hpp"
#include "exitaudit/lanes/host_spec.hpp"
#include "exitaudit/lanes/places.hpp"
#include "exitaudit/support/process.hpp"
#include "exitaudit/witness/host_facts.hpp"
#include "exitaudit/witness/witness.hpp"

namespace exitaudit {

// What a lane reports while it runs.
struct Listener {
    std::function<void(std::string_view)> guest; // bytes of the guest's serial port
    std::function<void(std::string_view)> stage; // what it does now
    std::function<void(std::string_view)> note;  // a line for --verbose
    std::function<void()> tick;                  // several times a second
};

// The result of a lane, however it ended.
struct Session {
    Ending ending;
    std::optional<int> guest_status;      // that the guest wrote to port 0xf4
    std::string kernel;                   // of the host, like "Linux 6.1.0-56-cloud-amd64 6.1.192-2"
    HostFacts facts;                      // what else is known of it
    std::string emulator;                 // of the host, like "Bochs 2.7"; empty: none
    std::string no_ledger;                // why this machine's KVM keeps none; empty: it may
    std::string trouble;                  // why the host or QEMU failed, one line; empty: they did not
    bool crashed = false;                 // the embedded host ended by itself, before its guest
    std::string complaint;                // a warning or oops of the embedded host's kernel; empty: none
    std::string complaint_place;          // where in the kernel; empty: unknown
    std::string stall;                    // what its watchdogs reported, and where; empty: nothing
    std::uint64_t console_lines = 0;      // of the embedded host's kernel while the guest ran
    std::vector<std::string> console;     // last lines of the host's console or of QEMU's errors
    std::optional<HostResult> sanitizers; // what they reported; none: the host has none
    std::optional<Witness> witness;       // the host's own instruments; none: the lane has none
};

enum class Vendor { any, amd, intel };

struct Lane {
    std::string_view name;
    // Runs the guest to its end. Error if something it needs is missing.
    Session (*run)(const HostSpec&, const Places&, const Listener&);
    bool kvm = true;                // there are exits to count
    bool embedded = false;          // boots a host of ours, with a kernel and KVM of the user's choice
    Vendor vendor = Vendor::any;    // of the processor that it emulates; any: this machine's own
    bool slow = false;              // emulates a processor at a tenth of QEMU's speed
    std::string_view linux_words{}; // for the command line of a Linux guest
};

// The names of options that only some lanes support; empty: the user gave none of them.
struct LaneNeeds {
    std::string_view embedded{}, kvm{}, intel{};
    bool ledger = true; // of a patched KVM
};

struct Choice {
    const Lane* lane;
    std::string why; // of `auto`, one line; empty if the user chose
};

// The names that --lane takes, like "auto, svm, native or tcg": those of the lanes that fit.
std::string lane_names(bool (*fits)(const Lane&) = [](const Lane&) { return true; });

// The same as words.
std::vector<std::string> lane_words(bool (*fits)(const Lane&) = [](const Lane&) { return true; });

// The lane of this name; nullptr for "auto". Error (usage) that lists the names if there is none.
const Lane* find_lane(std::string_view name);

// The quickest lane that emulates a processor of this vendor.
const Lane& lane_of(Vendor vendor);

// The lane of this name, or the best one for "auto". Error (usage) if it does not support an option.
Choice choose_lane(std::string_view name, const LaneNeeds& needs);

// Why this machine's own KVM keeps no ledger; empty if it does.
std::string ledger_obstacle();

// The guest's status from QEMU's: isa-debug-exit makes 2 * status + 1 of it.
std::optional<int> guest_status_from(int qemu_status);

// What documents say of a session and the host's results.
Circumstances circumstances_of(const Lane& lane, const Session& session, double seconds,
                               std::vector<HostResult> host);

extern const Lane svm_lane, svm_bochs_lane, svm_icount_lane, vmx_lane, native_lane, tcg_lane;

} // namespace exitaudit
