// The exactness audit: did the ledger grow by just what the firings caused?
#pragma once

#include "audit/result.hpp"
#include "ledger/profile.hpp"
#include "triggers/trigger.hpp"

#include <algorithm>

namespace audit {

/// Does a host cause such exits by itself, whatever its guest does?
bool is_noise(ledger::Numbering numbering, ledger::ExitNumber exit);

/// Is growth of `counted`, the exits of so many queries left out, a count that went back?
bool steps_back(ledger::Numbering numbering, ledger::ExitNumber exit, std::int64_t counted,
                std::int64_t queries);

/// What of a host's ledger is read, and can be judged.
struct Coverage {
    ledger::Numbering numbering;
    ledger::Rows rows;            ///< those read
    bool complete = true;         ///< all of them
    bool counts = true;           ///< the host counts by exit
    bool total = true;            ///< it has a total
    unsigned total_factor = 1;    ///< which counts each exit so often
    std::uint64_t query_time = 1; ///< of a query, in those of other exits
    bool shared = false;          ///< another VM is busy, and the host's one table counts its exits too

    Coverage(const ledger::Profile& profile, bool noise)
        : numbering(profile.numbering), rows(profile.rows()),
          counts(profile.layout.has(ledger::Leaf::exit_count)),
          total(profile.layout.has(ledger::Leaf::total)), total_factor(profile.total_factor()),
          query_time(std::max<std::uint64_t>(1, profile.cost.query /
                                                    std::max<std::uint64_t>(1, profile.cost.ordinary))),
          shared(noise && profile.scope == ledger::Scope::host) {}

    explicit Coverage(ledger::Numbering vendors) : numbering(vendors), rows(ledger::all_rows(vendors)) {}

    /// Of a host that is slow at queries: the rows that the trigger moves, and CPUID's.
    Coverage limited_to(const triggers::Expectation& expectation) const;
};

/// What happened between two snapshots.
struct Fired {
    std::uint64_t firings; ///< by all vCPUs together
    unsigned vcpus = 1;    ///< that fired
    std::uint64_t waited =
        0; ///< how long vCPUs waited, all together, in queries that could have been made meanwhile
};

/// Compares two snapshots taken round firings with the trigger's expectation, and fails `result` with a
/// diagnosis if they differ. Judges all rows that are read: the trigger's own and those that the expectation
/// names by their bounds, CPUID's by the queries that were made; every other row must not move unless the
/// host causes it by itself (interrupts, page faults of its own), and then not much. Of rows that are not
/// read, the total shows what they grew by together. A host that has only a total is judged by that. Fills in
/// the measurement's exit, bound, firings, caused and counted.
void judge_growth(const triggers::Expectation& expectation, const Coverage& coverage, const Fired& fired,
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
