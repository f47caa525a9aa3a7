// The exactness audit: did the ledger grow by exactly what the firings caused?
#pragma once

#include "audit/result.hpp"
#include "ledger/profile.hpp"
#include "triggers/trigger.hpp"

#include <algorithm>

namespace audit {

/// Does the host cause such exits by itself, whatever the guest does?
bool is_noise(ledger::Numbering numbering, ledger::ExitNumber exit);

/// Did a count go back? \param counted its growth, without the exits of the queries
bool steps_back(ledger::Numbering numbering, ledger::ExitNumber exit, std::int64_t counted,
                std::int64_t queries);

/// The part of a host's ledger that is read and can be judged.
struct Coverage {
    ledger::Numbering numbering;
    ledger::Rows rows;            ///< the rows read
    bool complete = true;         ///< all of them
    bool counts = true;           ///< the host counts by exit
    bool total = true;            ///< it has a total
    unsigned total_factor = 1;    ///< how often the total counts each exit
    std::uint64_t query_time = 1; ///< duration of a query in multiples of another exit's
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
    /// How long vCPUs waited, all together: in queries that fit into the time.
    std::uint64_t waited = 0;
};

/// Compares two snapshots taken around firings with the trigger's expectation. Fails `result` with a
/// diagnosis if they differ. Rows that the expectation names are judged by its bounds, CPUID's row by the
/// queries made. Other rows must not move, except a little where the host causes exits by itself (interrupts,
/// page faults). The growth of rows that are not read shows in the total. A host with only a total is judged
/// by it. Fills in the measurement's exit, bound, firings, caused and counted.
void judge_growth(const triggers::Expectation& expectation, const Coverage& coverage, const Fired& fired,
                  const ledger::Snapshot& before, const ledger::Snapshot& after, Result& result);

/// The time from the start of one snapshot to the end of the next, on all vCPUs, in cycles.
struct Window {
    unsigned vcpus;
    std::uint64_t all;       ///< as it passed for each vCPU
    std::uint64_t snapshots; ///< in which the boot vCPU took the two snapshots
    std::uint64_t firing;    ///< in which vCPUs fired, summed over all of them
    std::uint64_t queries;   ///< made by the two snapshots

    /// Time that vCPUs waited for each other's firings or for the snapshots, in queries.
    std::uint64_t waited() const;
};

}
