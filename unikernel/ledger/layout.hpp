// Which CPUID leaf tells what: hosts made for other terms of the assignment permute the leaves.
#pragma once

#include "kvm_exit_ledger.h"

#include <cstdint>
#include <span>
#include <string_view>

namespace ledger {

/// What a leaf tells. The value is its number in layout F22, the interface's own;
/// the last four move in other layouts.
enum class Leaf : std::uint32_t {
    // clang-format off
    signature   = KVM_EXIT_LEDGER_LEAF_SIGNATURE,
    revision    = KVM_EXIT_LEDGER_LEAF_REVISION,
    extremes    = KVM_EXIT_LEDGER_LEAF_EXTREMES,
    inside      = KVM_EXIT_LEDGER_LEAF_INSIDE,
    total       = KVM_EXIT_LEDGER_LEAF_TOTAL,
    cycles      = KVM_EXIT_LEDGER_LEAF_CYCLES,
    exit_count  = KVM_EXIT_LEDGER_LEAF_EXIT_COUNT,
    exit_cycles = KVM_EXIT_LEDGER_LEAF_EXIT_CYCLES,
    // clang-format on
};

struct Layout {
    std::string_view name;       ///< by the term, or the two terms, whose hosts have it
    std::uint32_t total, cycles; ///< may be one leaf: EAX, and EBX:ECX
    std::uint32_t exit_count;
    std::uint32_t exit_cycles; ///< 0: this layout does not tell cycles by exit

    /// The leaf's number; 0 where the layout has none.
    constexpr std::uint32_t number(Leaf leaf) const
    {
        switch (leaf) {
        case Leaf::total: return total;
        case Leaf::cycles: return cycles;
        case Leaf::exit_count: return exit_count;
        case Leaf::exit_cycles: return exit_cycles;
        default: return static_cast<std::uint32_t>(leaf);
        }
    }

    constexpr bool has(Leaf leaf) const { return number(leaf) != 0; }
};

/// Layout F22 first.
std::span<const Layout> layouts();

inline const Layout& default_layout() { return layouts().front(); }

/// The layout of a term ("F22", "S21", …), in either case; null for an unknown term.
const Layout* find_layout(std::string_view term);

}
