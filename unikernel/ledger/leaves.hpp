// The ledger as a guest reads it: one typed call for each CPUID leaf.
//
// Nothing here needs to run in the unikernel: a Linux program, or a test with a
// made-up host, supplies its own way to execute CPUID.
#pragma once

#include "ledger/edition.hpp"
#include "ledger/layout.hpp"
#include "ledger/monotonicity.hpp"
#include "ledger/numbering.hpp"
#include "ledger/registers.hpp"
#include "machine/cpuid.hpp"

#include <cstdint>

namespace ledger {

/// How CPUID is executed: machine::cpuid, or a host of a test's own making.
using CpuidFunction = CpuidRegisters (*)(std::uint32_t leaf, std::uint32_t subleaf);

/// What was found out about a host that its leaves are read through.
struct Reading {
    Layout layout = default_layout();
    Edition edition{};
    RegisterUse registers{};
    unsigned self_count = 1;    ///< by how much a query raises the count of CPUID exits
    unsigned total_count = 1;   ///< and the total
    bool words_swapped = false; ///< are the low words of cycles in EBX and the high words in ECX?
};

/// The leaves of one VM's ledger. Counts its own queries, because each is an exit that the ledger records.
class Leaves {
public:
    Leaves(CpuidFunction cpuid, Numbering numbering, const Reading& reading = {})
        : cpuid_(cpuid), numbering_(numbering), reading_(reading) {}

    Numbering numbering() const { return numbering_; }
    const Layout& layout() const { return reading_.layout; }
    bool has(Leaf leaf) const { return layout().has(leaf); }

    /// Does the host's edition of its manual define this exit number?
    bool defines(ExitNumber exit) const { return edition().defines(numbering_, exit); }
    const Edition& edition() const { return reading_.edition; }

    /// Checks every count and all cycles read from now on for going backwards.
    void watch(MonotonicityCheck& check) { check_ = &check; }

    /// From now on reads counts until two readings agree: where vCPUs get each other's answers, a single one
    /// may be another's.
    void confirm() { confirm_ = true; }

    /// Number of queries so far, by all methods.
    std::uint64_t queries() const { return queries_; }

    /// CPUID exits that these queries count as on this host, in CPUID's row.
    std::uint64_t own_exits() const { return own_exits_; }

    /// The same in the total.
    std::uint64_t own_in_total() const { return own_in_total_; }

    /// One query, without what this host leaves in registers that an answer does not define. The layout
    /// must have the leaf.
    CpuidRegisters query(Leaf leaf, ExitNumber exit = 0) { return query(layout().number(leaf), exit); }

    /// The same of a leaf by its number.
    CpuidRegisters query(std::uint32_t leaf, ExitNumber exit) {
        return reading_.registers.clean(leaf, exit, defines(exit), query_raw(leaf, exit));
    }

    /// One query, as the host answers it.
    CpuidRegisters query_raw(std::uint32_t leaf, ExitNumber exit) {
        const bool of_ledger = leaf >= KVM_EXIT_LEDGER_LEAF_FIRST && leaf <= KVM_EXIT_LEDGER_LEAF_LAST;
        own_exits_ += of_ledger ? reading_.self_count : 1;
        own_in_total_ += of_ledger ? reading_.total_count : 1;
        queries_++;
        return cpuid_(leaf, exit);
    }

    /// Exits of all kinds, modulo 2^32, this query included. 0, without a query, if the host has no such
    /// leaf; so below.
    std::uint32_t total() {
        // The host may interrupt the guest between two readings.
        constexpr std::uint32_t few = 1000;
        return has(Leaf::total) ? checked(MonotonicityCheck::total, confirmed(Leaf::total, 0, few)) : 0;
    }

    /// Cycles of all completed exits.
    std::uint64_t cycles() {
        return has(Leaf::cycles) ? checked(MonotonicityCheck::total, ebx_ecx(query(Leaf::cycles))) : 0;
    }

    /// Exits of one kind, modulo 2^32.
    std::uint32_t count(ExitNumber exit) {
        const bool own = exit == cpuid_exit(numbering_);
        return has(Leaf::exit_count)
                   ? checked(exit, confirmed(Leaf::exit_count, exit, own ? reading_.self_count : 0))
                   : 0;
    }

    /// Cycles of the completed exits of one kind.
    std::uint64_t cycles(ExitNumber exit) {
        return has(Leaf::exit_cycles) ? checked(exit, ebx_ecx(query(Leaf::exit_cycles, exit))) : 0;
    }

    /// Cycles that exits of one kind spent in KVM alone. Only a host with leaves of our own has them.
    std::uint64_t cycles_inside(ExitNumber exit) { return edx_ecx(query(Leaf::inside, exit)); }

    struct Extremes {
        std::uint64_t shortest, longest; // cycles; 0 while no such exit has completed

        bool operator==(const Extremes&) const = default;
    };

    Extremes extremes(ExitNumber exit) {
        const auto r = query(Leaf::extremes, exit);
        return {join(r.ebx, r.eax), edx_ecx(r)};
    }

    /// Completed exits of one kind that took from 2^bucket cycles to just less than twice that. Only a host
    /// that keeps histograms has them.
    std::uint64_t bucket(ExitNumber exit, unsigned bucket) {
        const auto r = query(Leaf::histogram, bucket << KVM_EXIT_LEDGER_BUCKET_SHIFT | exit);
        return join(r.ebx, r.eax);
    }
private:
    // A count that grows by no more than this between two readings. One that is as before needs no second.
    std::uint32_t confirmed(Leaf leaf, ExitNumber exit, std::uint32_t growth) {
        auto count = query(leaf, exit).eax;
        constexpr unsigned attempts = 10;
        const bool as_before =
            check_ && check_->count(leaf == Leaf::total ? MonotonicityCheck::total : exit) == count;
        for (unsigned i = 0; confirm_ && !as_before && i < attempts; i++) {
            const auto before = count;
            count = query(leaf, exit).eax;
            if (count - before <= growth) break;
        }
        return count;
    }

    static std::uint64_t join(std::uint32_t high, std::uint32_t low) {
        return std::uint64_t{high} << 32 | low;
    }
    std::uint64_t ebx_ecx(const CpuidRegisters& r) const {
        return reading_.words_swapped ? join(r.ecx, r.ebx) : join(r.ebx, r.ecx);
    }
    static std::uint64_t edx_ecx(const CpuidRegisters& r) { return join(r.edx, r.ecx); }

    std::uint64_t checked(ExitNumber exit, std::uint64_t cycles) {
        if (check_) check_->check_cycles(exit, cycles);
        return cycles;
    }

    std::uint32_t checked(ExitNumber exit, std::uint32_t count) {
        if (check_) check_->check_count(exit, count);
        return count;
    }

    CpuidFunction cpuid_;
    Numbering numbering_;
    Reading reading_;
    MonotonicityCheck* check_ = nullptr;
    bool confirm_ = false;
    std::uint64_t queries_ = 0, own_exits_ = 0, own_in_total_ = 0;
};

}
