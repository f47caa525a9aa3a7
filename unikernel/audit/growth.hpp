// The exactness audit: did the ledger grow by just what the firings caused?
#pragma once

#include "audit/result.hpp"
#include "ledger/snapshot.hpp"
#include "triggers/trigger.hpp"

namespace audit {

/// Does a host cause such exits by itself, whatever its guest does?
bool is_noise(ledger::Numbering numbering, ledger::ExitNumber exit);

/// Is growth of `told`, the exits of so many queries left out, a count that went back?
bool steps_back(ledger::Numbering numbering, ledger::ExitNumber exit, std::int64_t told,
                std::int64_t queries);

/// What happened between two snapshots.
struct Fired {
    std::uint64_t firings; ///< by all vCPUs together
    unsigned vcpus = 1;    ///< that fired
    std::uint64_t waited =
        0; ///< how long vCPUs waited, all together, in queries that could have been made meanwhile
};

/// Compares two snapshots taken round firings with the trigger's
/// expectation, and fails `result` with a diagnosis if they differ. Judges all
/// rows: the trigger's own and those that the expectation names by their bounds,
/// CPUID's by the queries that were made; every other row must not move unless the
/// host causes it by itself (interrupts, page faults of its own), and then not much.
/// Fills in the measurement's exit, bound, firings, caused and told.
void judge_growth(const triggers::Expectation& expectation, ledger::Numbering numbering, const Fired& fired,
                  const ledger::Snapshot& before, const ledger::Snapshot& after, Result& result);

/// The time from the start of one snapshot to the end of the next, on all vCPUs, in cycles.
struct Window {
    unsigned vcpus;
    std::uint64_t all;       ///< as it passed for each of them
    std::uint64_t snapshots; ///< of it, in which the boot vCPU took the two snapshots
    std::uint64_t firing;    ///< of all vCPUs' time together, in which they fired
    std::uint64_t queries;   ///< made by the two snapshots

    /// Time that vCPUs spent waiting, for each other's firings or for the snapshots, in queries.
    std::uint64_t waited() const;
};

}
