// Which CPUID leaf reports what: hosts made for other terms of the assignment permute the leaves.
#pragma once

#include "kvm_exit_ledger.h"

#include <cstdint>
#include <initializer_list>
#include <span>
#include <string_view>

namespace ledger {

/// What a leaf reports. The value is its number in layout F22, the interface's own;
/// the last four move in other layouts.
enum class Leaf : std::uint32_t {
    // clang-format off
    signature   = KVM_EXIT_LEDGER_LEAF_SIGNATURE,
    revision    = KVM_EXIT_LEDGER_LEAF_REVISION,
    histogram   = KVM_EXIT_LEDGER_LEAF_HISTOGRAM,
    extremes    = KVM_EXIT_LEDGER_LEAF_EXTREMES,
    inside      = KVM_EXIT_LEDGER_LEAF_INSIDE,
    total       = KVM_EXIT_LEDGER_LEAF_TOTAL,
    cycles      = KVM_EXIT_LEDGER_LEAF_CYCLES,
    exit_count  = KVM_EXIT_LEDGER_LEAF_EXIT_COUNT,
    exit_cycles = KVM_EXIT_LEDGER_LEAF_EXIT_CYCLES,
    // clang-format on
};

/// The four of the assignment.
inline constexpr Leaf assigned_leaves[] = {Leaf::total, Leaf::cycles, Leaf::exit_count, Leaf::exit_cycles};

/// Some of them.
class LeafSet {
public:
    constexpr LeafSet(std::initializer_list<Leaf> leaves) {
        for (const auto leaf : leaves) bits_ |= bit(leaf);
    }
    constexpr bool contains(Leaf leaf) const { return bits_ & bit(leaf); }
private:
    static constexpr unsigned bit(Leaf leaf) { return 1u << (static_cast<unsigned>(leaf) & 31); }

    unsigned bits_ = 0;
};

/// The numbers of the assignment's leaves; 0 for one that the layout or the host does not have.
struct Layout {
    std::string_view name;               ///< the term, or the two terms, of the assignment
    std::uint32_t total = 0, cycles = 0; ///< may be one leaf: EAX, and EBX:ECX
    std::uint32_t exit_count = 0, exit_cycles = 0;

    bool operator==(const Layout&) const = default;

    /// The leaf's number; 0 where there is none.
    constexpr std::uint32_t number(Leaf leaf) const {
        switch (leaf) {
        case Leaf::total: return total;
        case Leaf::cycles: return cycles;
        case Leaf::exit_count: return exit_count;
        case Leaf::exit_cycles: return exit_cycles;
        default: return static_cast<std::uint32_t>(leaf);
        }
    }

    constexpr bool has(Leaf leaf) const { return number(leaf) != 0; }

    /// The same layout on a host that does not answer some leaves.
    /// \param answered whether a leaf's number is answered
    template <typename Answered> constexpr Layout without_missing(Answered answered) const {
        const auto kept = [&](std::uint32_t leaf) { return answered(leaf) ? leaf : 0; };
        return {name, kept(total), kept(cycles), kept(exit_count), kept(exit_cycles)};
    }
};

/// Layout F22 first.
std::span<const Layout> layouts();

inline const Layout& default_layout() { return layouts().front(); }

/// The layout of a term ("F22", "S21", ...), in either case; null for an unknown term.
const Layout* find_layout(std::string_view term);

}
