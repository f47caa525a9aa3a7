// Which registers a host's answers write, and how to read answers whose other registers carry something.
#pragma once

#include "kvm_exit_ledger.h"
#include "ledger/layout.hpp"
#include "machine/cpuid.hpp"

#include <array>
#include <cstdint>

namespace ledger {

using machine::CpuidRegisters;

/// What a leaf answers to a number that the manual does not define, and to one that KVM does not handle.
inline constexpr CpuidRegisters undefined_mark{0, 0, 0, KVM_EXIT_LEDGER_UNDEFINED_EDX};
inline constexpr CpuidRegisters zeros{0, 0, 0, 0};

/// What Leaf::signature answers.
inline constexpr CpuidRegisters signature{KVM_EXIT_LEDGER_LEAF_LAST, KVM_EXIT_LEDGER_SIGNATURE_EBX,
                                          KVM_EXIT_LEDGER_SIGNATURE_ECX, KVM_EXIT_LEDGER_SIGNATURE_EDX};

/// An exit number that neither vendor defines in any edition of the manuals.
inline constexpr std::uint32_t never_defined = 0xfff;

/// Registers in which a leaf of the assignment answers a value: all ones there. Zeros for other leaves.
constexpr CpuidRegisters value_registers(const Layout& layout, std::uint32_t leaf) {
    const bool counts = leaf == layout.total || leaf == layout.exit_count;
    const bool times = leaf == layout.cycles || leaf == layout.exit_cycles;
    return {counts ? ~0u : 0, times ? ~0u : 0, times ? ~0u : 0, 0};
}

/// What a host leaves in the registers that an answer does not define. Audits other than the one of this
/// rule read answers without it, so that the fault is found once and hides no other.
class RegisterUse {
public:
    /// Looks at the answers of each of the assignment's leaves to CPUID's own exit number, to a number that
    /// no manual defines and to one that KVM does not handle.
    /// \param ask executes CPUID, with machine::poison in EBX and EDX
    static RegisterUse observe(CpuidRegisters (*ask)(std::uint32_t leaf, std::uint32_t subleaf),
                               const Layout& layout, std::uint32_t cpuid_exit, std::uint32_t not_enabled);

    /// Does no answer carry anything but what its leaf defines?
    bool is_clean() const { return !unwritten_ && !marks_values_ && dirty_ == decltype(dirty_){}; }

    /// The answer without what the host leaves in it.
    /// \param defined whether `subleaf` is an exit number that the manual defines
    CpuidRegisters clean(std::uint32_t leaf, std::uint32_t subleaf, bool defined,
                         CpuidRegisters answer) const;
private:
    static constexpr std::uint32_t first = KVM_EXIT_LEDGER_LEAF_EXTREMES;
    static constexpr std::size_t leaves = KVM_EXIT_LEDGER_LEAF_LAST - first + 1;

    void look(std::uint32_t leaf, std::uint32_t subleaf, const CpuidRegisters& answer, const Layout& layout);

    bool unwritten_ = false;    // some are left as the guest had them
    bool marks_values_ = false; // EDX is all ones, the mark of undefined numbers, beside a value
    // By leaf: all ones in registers that carry something of the host's.
    std::array<CpuidRegisters, leaves> dirty_{};
};

}
