// The likely causes of what failed: the guest's findings, and what only the host can add.
#pragma once

#include "exitaudit/log/finding.hpp"
#include "exitaudit/witness/host_result.hpp"

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
    bool unanswered = false;         // it keeps a ledger, but its leaves answer as an unpatched host's
};

// The guest's findings in their order, each joined by what of the host's results it
// explains; then the host's own. None for an honest host.
std::vector<Finding> find_causes(const Log& log, const std::vector<HostResult>& host, const HostState& state);

// Names of what failed and no finding explains.
std::vector<std::string> unexplained(const Log& log, const std::vector<HostResult>& host,
                                     const std::vector<Finding>& findings);

} // namespace exitaudit
