// debugfs's exit_ledger: the ledger of a VM, or of one of its vCPUs, as the host's root reads it.
#pragma once

#include "exitaudit/witness/histogram.hpp"

#include <istream>

namespace exitaudit {

// One exit number over the guest's whole life. Cycles are 0 where the ledger has none.
struct ExitRow {
    std::uint64_t exit = 0, count = 0, cycles = 0, inside = 0, shortest = 0, longest = 0; // by the ledger
    std::optional<std::uint64_t> traced{};                                                // by the tracepoint
    Buckets buckets{};                                                                    // by the ledger
};

// Takes a line's words after its name: COUNT CYCLES INSIDE SHORTEST LONGEST {BUCKET:COUNT}... Fails without a
// count; what else is missing stays as it is.
std::istream& operator>>(std::istream& words, ExitRow& row);

} // namespace exitaudit
