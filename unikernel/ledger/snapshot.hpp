// The whole ledger's counts at one moment.
#pragma once

#include "ledger/leaves.hpp"

#include <array>
#include <cstdint>

namespace ledger {

/// The count of every defined exit number, and how many queries had been made
/// when CPUID's own count was read.
class Snapshot {
public:
    explicit Snapshot(Leaves& leaves) : numbering_(leaves.numbering())
    {
        for (ExitNumber exit = 0; exit < exit_number_end; exit++) {
            if (!is_defined(numbering_, exit))
                continue;
            counts_[exit] = leaves.count(exit);
            if (exit == cpuid_exit(numbering_))
                queries_ = leaves.queries();
        }
    }

    /// Growth of one exit's count since `earlier`. Counts are told modulo 2^32: growth by
    /// half of that or more is a step back, and negative.
    std::int32_t growth(const Snapshot& earlier, ExitNumber exit) const
    {
        return static_cast<std::int32_t>(counts_[exit] - earlier.counts_[exit]);
    }

    /// CPUID exits that the queries between the two snapshots caused.
    std::uint64_t queries_since(const Snapshot& earlier) const { return queries_ - earlier.queries_; }

    /// Growth without the CPUID exits that the queries between the two snapshots
    /// caused. Negative if the ledger lost some, or counts go back.
    std::int64_t growth_without_queries(const Snapshot& earlier, ExitNumber exit) const
    {
        const std::int64_t told = growth(earlier, exit);
        return exit == cpuid_exit(numbering_) ? told - static_cast<std::int64_t>(queries_since(earlier))
                                              : told;
    }

private:
    Numbering numbering_;
    std::uint64_t queries_ = 0;
    std::array<std::uint32_t, exit_number_end> counts_{};
};

}
