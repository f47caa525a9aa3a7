// The ledger as a guest reads it: one typed call for each CPUID leaf.
//
// Nothing here needs to run in the unikernel: a Linux program, or a test with a
// made-up host, supplies its own way to execute CPUID.
#pragma once

#include "machine/cpuid.hpp"

#include "kvm_exit_ledger.h"

#include <cstdint>

namespace ledger {

using machine::CpuidRegisters;

/// How CPUID is executed: machine::cpuid, or a host of a test's own making.
using CpuidFunction = CpuidRegisters (*)(std::uint32_t leaf, std::uint32_t subleaf);

/// Whose numbers the exits go by.
enum class Numbering : std::uint32_t {
    vmx = KVM_EXIT_LEDGER_NUMBERING_VMX, ///< basic exit reasons
    svm = KVM_EXIT_LEDGER_NUMBERING_SVM, ///< exit codes
};

/// A VMX basic exit reason or an SVM exit code.
using ExitNumber = std::uint32_t;

enum class Leaf : std::uint32_t {
    signature   = KVM_EXIT_LEDGER_LEAF_SIGNATURE,
    revision    = KVM_EXIT_LEDGER_LEAF_REVISION,
    extremes    = KVM_EXIT_LEDGER_LEAF_EXTREMES,
    inside      = KVM_EXIT_LEDGER_LEAF_INSIDE,
    total       = KVM_EXIT_LEDGER_LEAF_TOTAL,
    cycles      = KVM_EXIT_LEDGER_LEAF_CYCLES,
    exit_count  = KVM_EXIT_LEDGER_LEAF_EXIT_COUNT,
    exit_cycles = KVM_EXIT_LEDGER_LEAF_EXIT_CYCLES,
};

/// Every SVM exit code and VMX exit reason lies below.
inline constexpr ExitNumber exit_number_end = KVM_EXIT_LEDGER_SVM_NPF_LAST + 1;

/// Does the vendor's manual define this exit number?
inline bool is_defined(Numbering numbering, ExitNumber exit)
{
    return kvm_exit_ledger_defined(static_cast<unsigned>(numbering), exit);
}

/// The exit number of CPUID itself: each query causes one such exit.
constexpr ExitNumber cpuid_exit(Numbering numbering)
{
    return numbering == Numbering::vmx ? 10 : 0x72; // SDM vol. 3, appendix C; APM vol. 2, appendix C
}

/// The leaves of one VM's ledger. Counts its own queries, because each is an
/// exit that the ledger records.
class Leaves {
public:
    Leaves(CpuidFunction cpuid, Numbering numbering) : cpuid_(cpuid), numbering_(numbering) {}

    Numbering numbering() const { return numbering_; }

    /// Number of queries so far, by all methods.
    std::uint64_t queries() const { return queries_; }

    /// One query, as it is.
    CpuidRegisters query(Leaf leaf, ExitNumber exit = 0)
    {
        return query(static_cast<std::uint32_t>(leaf), exit);
    }

    CpuidRegisters query(std::uint32_t leaf, ExitNumber exit)
    {
        queries_++;
        return cpuid_(leaf, exit);
    }

    /// Exits of all kinds, modulo 2^32, this query included.
    std::uint32_t total() { return query(Leaf::total).eax; }

    /// Cycles of all completed exits.
    std::uint64_t cycles() { return ebx_ecx(query(Leaf::cycles)); }

    /// Exits of one kind, modulo 2^32.
    std::uint32_t count(ExitNumber exit) { return query(Leaf::exit_count, exit).eax; }

    /// Cycles of the completed exits of one kind.
    std::uint64_t cycles(ExitNumber exit) { return ebx_ecx(query(Leaf::exit_cycles, exit)); }

    /// Cycles that exits of one kind spent in KVM alone.
    std::uint64_t cycles_inside(ExitNumber exit) { return edx_ecx(query(Leaf::inside, exit)); }

    struct Extremes {
        std::uint64_t shortest, longest; // cycles; 0 while no such exit has completed
    };

    Extremes extremes(ExitNumber exit)
    {
        const auto r = query(Leaf::extremes, exit);
        return {join(r.ebx, r.eax), edx_ecx(r)};
    }

private:
    static std::uint64_t join(std::uint32_t high, std::uint32_t low) { return std::uint64_t{high} << 32 | low; }
    static std::uint64_t ebx_ecx(const CpuidRegisters& r) { return join(r.ebx, r.ecx); }
    static std::uint64_t edx_ecx(const CpuidRegisters& r) { return join(r.edx, r.ecx); }

    CpuidFunction cpuid_;
    Numbering numbering_;
    std::uint64_t queries_ = 0;
};

}
