// The ledger's counts at one moment.
#pragma once

#include "ledger/leaves.hpp"

#include <array>
#include <cstdint>

namespace ledger {

/// Which rows of the ledger are read.
using Rows = std::array<bool, exit_number_end>;

/// Every row that the manual defines.
inline Rows all_rows(Numbering numbering) {
    Rows rows{};
    for (ExitNumber exit = 0; exit < exit_number_end; exit++) rows[exit] = is_defined(numbering, exit);
    return rows;
}

/// The counts of some exit numbers and the total, and how many CPUID exits the queries had caused when
/// CPUID's own count, or the total, was read.
class Snapshot {
public:
    Snapshot(Leaves& leaves, const Rows& rows) : numbering_(leaves.numbering()) {
        for (ExitNumber exit = 0; exit < exit_number_end; exit++) {
            if (!rows[exit]) continue;
            counts_[exit] = leaves.count(exit);
            if (exit == cpuid_exit(numbering_)) exits_at_count_ = leaves.own_exits();
        }
        total_ = leaves.total();
        exits_at_total_ = leaves.own_in_total();
        asked_ = leaves.queries();
    }

    /// Counts that another instrument than the ledger saw, without queries.
    Snapshot(Numbering numbering, const std::array<std::uint32_t, exit_number_end>& counts)
        : numbering_(numbering), counts_(counts) {}

    /// Growth of one exit's count since `earlier`. Counts are reported modulo 2^32: growth by half of that or
    /// more is a step back, and negative.
    std::int32_t growth(const Snapshot& earlier, ExitNumber exit) const {
        return static_cast<std::int32_t>(counts_[exit] - earlier.counts_[exit]);
    }

    /// CPUID exits that the queries between the two snapshots caused.
    std::uint64_t queries_since(const Snapshot& earlier) const {
        return exits_at_count_ - earlier.exits_at_count_;
    }

    /// Exits in the total that these queries caused.
    std::uint64_t queries_in_total(const Snapshot& earlier) const {
        return exits_at_total_ - earlier.exits_at_total_;
    }

    /// Queries made between the two snapshots, however they count.
    std::uint64_t asked_since(const Snapshot& earlier) const { return asked_ - earlier.asked_; }

    /// Growth without the CPUID exits that the queries between the two snapshots caused. Negative if the
    /// ledger lost some, or counts go back.
    std::int64_t growth_without_queries(const Snapshot& earlier, ExitNumber exit) const {
        const std::int64_t counted = growth(earlier, exit);
        return exit == cpuid_exit(numbering_) ? counted - static_cast<std::int64_t>(queries_since(earlier))
                                              : counted;
    }

    /// The same of the total.
    std::int64_t total_without_queries(const Snapshot& earlier) const {
        return static_cast<std::int32_t>(total_ - earlier.total_) -
               static_cast<std::int64_t>(queries_in_total(earlier));
    }
private:
    Numbering numbering_;
    std::uint64_t exits_at_count_ = 0, exits_at_total_ = 0, asked_ = 0;
    std::uint32_t total_ = 0;
    std::array<std::uint32_t, exit_number_end> counts_{};
};

}
