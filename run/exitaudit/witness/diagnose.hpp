// The likely causes of what failed: unikernel/diagnosis/ asked with all that the log says, and what only the
// host sees.
#pragma once

#include "exitaudit/log/finding.hpp"
#include "exitaudit/witness/witness.hpp"
#include "ledger/profile.hpp"

namespace exitaudit {

struct Log;

// What is known of the host beside its results.
struct HostState {
    std::string complaint; // a warning or oops of its kernel; empty: none
    std::string place;     // where in the kernel that was, if it said so
    std::string crash;     // how the host, or its emulator, ended before its guest; empty: it did not
    std::string hang;      // that the guest or its host came to no end; empty: it did
    std::string stall;     // what its kernel's watchdogs said; empty: nothing
    std::uint64_t console_lines = 0; // that its kernel wrote on its console while the guest ran
    bool unanswered = false;         // it keeps a ledger, but its leaves answer like an unpatched host's
    std::vector<ExitRow> ledger;     // as the host reads it after the guest's end
    std::uint64_t ledger_total = 0;
};

struct Diagnosed {
    std::vector<Finding> findings, notes;
    std::vector<std::string> unexplained; // names of what failed and no finding explains
};

// The host's profile, as the log has it.
ledger::Profile profile_of(const Log& log);

// None for a correct host. A log without records of the profile has only the guest's own findings, and the
// host's.
Diagnosed diagnose(const Log& log, const std::vector<HostResult>& host, const HostState& state);

} // namespace exitaudit
