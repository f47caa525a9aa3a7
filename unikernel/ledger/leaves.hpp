// The ledger as a guest reads it: one typed call for each CPUID leaf.
//
// Nothing here needs to run in the unikernel: a Linux program, or a test with a
// made-up host, supplies its own way to execute CPUID.
#pragma once

#include "ledger/edition.hpp"
#include "ledger/layout.hpp"
#include "ledger/monotony.hpp"
#include "ledger/numbering.hpp"
#include "ledger/registers.hpp"
#include "machine/cpuid.hpp"

#include <cstdint>

namespace ledger {

/// How CPUID is executed: machine::cpuid, or a host of a test's own making.
using CpuidFunction = CpuidRegisters (*)(std::uint32_t leaf, std::uint32_t subleaf);

/// The leaves of one VM's ledger. Counts its own queries, because each is an
/// exit that the ledger records.
class Leaves {
public:
    Leaves(CpuidFunction cpuid, Numbering numbering, const Layout& layout = default_layout(),
           Edition edition = {}, const RegisterUse& registers = {})
        : cpuid_(cpuid), numbering_(numbering), layout_(&layout), edition_(edition), registers_(registers)
    {
    }

    Numbering numbering() const { return numbering_; }
    const Layout& layout() const { return *layout_; }

    /// Does the host's edition of its manual define this exit number?
    bool defines(ExitNumber exit) const { return edition_.defines(numbering_, exit); }
    const Edition& edition() const { return edition_; }

    /// From now on, has every count and all cycles that are read looked at for steps back.
    void watch(Monotony& monotony) { monotony_ = &monotony; }

    /// Number of queries so far, by all methods.
    std::uint64_t queries() const { return queries_; }

    /// One query, without what this host leaves in registers that an answer does not define. The layout
    /// must have the leaf.
    CpuidRegisters query(Leaf leaf, ExitNumber exit = 0) { return query(layout_->number(leaf), exit); }

    /// The same of a leaf by its number.
    CpuidRegisters query(std::uint32_t leaf, ExitNumber exit)
    {
        return registers_.clean(leaf, exit, defines(exit), query_raw(leaf, exit));
    }

    /// One query, as the host answers it.
    CpuidRegisters query_raw(std::uint32_t leaf, ExitNumber exit)
    {
        queries_++;
        return cpuid_(leaf, exit);
    }

    /// Exits of all kinds, modulo 2^32, this query included.
    std::uint32_t total() { return watched_count(Monotony::total, query(Leaf::total).eax); }

    /// Cycles of all completed exits.
    std::uint64_t cycles() { return watched(Monotony::total, ebx_ecx(query(Leaf::cycles))); }

    /// Exits of one kind, modulo 2^32.
    std::uint32_t count(ExitNumber exit) { return watched_count(exit, query(Leaf::exit_count, exit).eax); }

    /// Cycles of the completed exits of one kind. The layout must tell them.
    std::uint64_t cycles(ExitNumber exit) { return watched(exit, ebx_ecx(query(Leaf::exit_cycles, exit))); }

    /// The same; 0 where the layout does not tell.
    std::uint64_t cycles_if_told(ExitNumber exit)
    {
        return layout().has(Leaf::exit_cycles) ? cycles(exit) : 0;
    }

    /// Cycles that exits of one kind spent in KVM alone.
    std::uint64_t cycles_inside(ExitNumber exit) { return edx_ecx(query(Leaf::inside, exit)); }

    struct Extremes {
        std::uint64_t shortest, longest; // cycles; 0 while no such exit has completed

        bool operator==(const Extremes&) const = default;
    };

    Extremes extremes(ExitNumber exit)
    {
        const auto r = query(Leaf::extremes, exit);
        return {join(r.ebx, r.eax), edx_ecx(r)};
    }

private:
    static std::uint64_t join(std::uint32_t high, std::uint32_t low)
    {
        return std::uint64_t{high} << 32 | low;
    }
    static std::uint64_t ebx_ecx(const CpuidRegisters& r) { return join(r.ebx, r.ecx); }
    static std::uint64_t edx_ecx(const CpuidRegisters& r) { return join(r.edx, r.ecx); }

    std::uint64_t watched(ExitNumber exit, std::uint64_t cycles)
    {
        if (monotony_)
            monotony_->look(exit, cycles);
        return cycles;
    }

    std::uint32_t watched_count(ExitNumber exit, std::uint32_t count)
    {
        if (monotony_)
            monotony_->look_at_count(exit, count);
        return count;
    }

    CpuidFunction cpuid_;
    Numbering numbering_;
    const Layout* layout_;
    Edition edition_;
    RegisterUse registers_;
    Monotony* monotony_ = nullptr;
    std::uint64_t queries_ = 0;
};

}
