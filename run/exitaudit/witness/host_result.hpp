// One audit by the host's instruments.
#pragma once

#include "exitaudit/log/finding.hpp"
#include "ledger/exit_names.hpp"

#include <cstdint>
#include <optional>

namespace exitaudit {

// The kernel's name of an exit; "-" without one.
inline std::string_view exit_name(bool svm, std::uint64_t exit) {
    return ledger::exit_name(svm ? ledger::Numbering::svm : ledger::Numbering::vmx,
                             static_cast<ledger::ExitNumber>(exit));
}

struct HostResult {
    // One row of a comparison that differs; no number: a sum of rows.
    struct Difference {
        std::optional<std::uint64_t> exit;
        std::uint64_t told, seen; // by the ledger, by the instrument
    };

    std::string name; // "host.tracepoint", "host.stats"
    Outcome outcome = Outcome::ok;
    std::string message;
    std::vector<std::string> table{}; // where they differ, a line each
    std::vector<Difference> differences{};
    bool svm = false;       // whose exit numbers
    bool mixes_vms = false; // another VM's exits are in the guest's ledger
};

} // namespace exitaudit
