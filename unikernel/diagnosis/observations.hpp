// All that is known about a host when its causes are looked for.
#pragma once

#include "audit/result.hpp"
#include "ledger/profile.hpp"

#include <cstdint>
#include <span>
#include <string_view>

namespace diagnosis {

/// A row in which the host's ledger and its kvm_exit tracepoint differ.
struct RowDifference {
    ledger::ExitNumber exit;
    std::uint64_t counted, traced;
};

/// What the embedded host's kernel complained of.
enum class Complaint {
    none,
    index_out_of_bounds, ///< UBSAN caught an index
    fault_in_ledger,     ///< an oops while a leaf was answered
    other,
};

/// What only the host program sees. The guest has none of it.
struct HostObservations {
    std::span<const RowDifference> differences{};
    bool total_lacks = false; ///< the ledger's total is less than the tracepoint's, whatever the rows do

    /// The tracepoint counted the same exits as the ledger, number by number, and the guest read what the
    /// ledger holds.
    bool tracepoint_agrees = false;

    Complaint complaint = Complaint::none;
    std::string_view complaint_text{}, place{}; ///< the kernel's line, and where in the kernel that was
    std::string_view crash{}; ///< how the host, or its emulator, ended before its guest; empty: it did not
    std::string_view hang{};  ///< that the guest or its host came to no end; empty: it did
    std::string_view stall{}; ///< what its kernel's watchdogs said; empty: nothing
    std::string_view last_line{}; ///< of the guest
    std::string_view log{};       ///< that its kernel logs a line for each query or exit; empty: it does not
    bool unanswered =
        false; ///< it keeps a ledger of this guest, but its leaves answer like an unpatched host's
    bool mixes_vms = false; ///< another VM's exits are in the guest's ledger
};

struct Observations {
    std::span<const audit::Result> results; ///< of the guest, then of the host
    const ledger::Profile& profile;
    unsigned vcpus; ///< that fired
    std::string_view
        left_out{}; ///< what the run did not read, because the host is slow at queries; empty: nothing
    const HostObservations* host = nullptr;
};

}
