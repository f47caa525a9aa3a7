// What kind of host this is, found out before anything is judged: an experiment for each property.
#pragma once

#include "ledger/exit_set.hpp"
#include "ledger/leaves.hpp"
#include "ledger/snapshot.hpp"

#include <cstdint>
#include <optional>
#include <string_view>

namespace ledger {

/// What the user says about the host, so that the profile need not find it out.
struct Overrides {
    const Layout* layout = nullptr;
    std::optional<ExitNumber>
        last_defined; ///< the last basic exit reason of the host's edition of Intel's manual
};

/// What CPUID costs the guest, in cycles from before it to after it: medians of many.
struct QueryCost {
    std::uint64_t ordinary = 0; ///< a leaf that KVM looks up
    std::uint64_t query = 0;    ///< a leaf of the ledger

    /// Does the host do something expensive at each query? Both exits are handled alike, and adding up some
    /// counters is nothing beside leaving the guest and entering it.
    bool is_expensive() const { return query >= 4 * ordinary; }
};

/// Defined, and handled by no Linux that there is a series for.
ExitNumber never_handled(Numbering numbering);

/// How a host answers numbers of one kind.
enum class Answer { all_zeros, mark, other };

/// Whose exits the counters count.
enum class Scope { unknown, vm, host };

struct Profile {
    bool patched = false; ///< false: the leaves are not a ledger's
    Numbering numbering{};
    std::uint32_t revision = 0; ///< of our own leaves; 0: the host has only leaves of the assignment
    bool histograms = false;    ///< does it keep them?
    std::string_view reason{};  ///< the evidence for or against a ledger, in a few words

    Layout layout{};   ///< to read through: as given, else as found; without missing leaves
    Layout detected{}; ///< the layout that the leaves behave like
    bool layout_given = false;
    unsigned missing = 0; ///< how many leaves of the layout are not answered
    Edition edition{};    ///< likewise as given, else as found
    Edition detected_edition{};
    RegisterUse registers{}; ///< what answers leave in registers

    Answer undefined = Answer::mark;        ///< to a number that no manual defines
    Answer not_enabled = Answer::all_zeros; ///< to a defined number that no KVM handles
    bool grows = false;                     ///< does anything grow by queries alone?
    unsigned self_count = 1;                ///< by how much a query raises the count of CPUID exits
    unsigned total_count = 1;               ///< and the total
    bool words_swapped = false;             ///< are the words of cycles exchanged?
    ExitSet moving{};                       ///< rows that change between readings by far more than exits can
    Scope scope = Scope::unknown;
    QueryCost cost{};

    /// What Leaf::revision answers.
    CpuidRegisters revision_answer() const {
        return {KVM_EXIT_LEDGER_REVISION, static_cast<std::uint32_t>(numbering),
                histograms ? KVM_EXIT_LEDGER_BUCKETS : 0, 0};
    }

    /// Does what is read through these leaves say what it is taken for?
    bool reads_right() const { return layout.name == detected.name; }

    Leaves leaves(CpuidFunction cpuid) const {
        return {cpuid, numbering, {layout, edition, registers, self_count, total_count, words_swapped}};
    }

    /// How often the total counts what a row counts once.
    unsigned total_factor() const { return self_count != 0 && total_count == 2 * self_count ? 2 : 1; }

    /// The rows that can be judged.
    Rows rows() const;
};

/// Finds out what kind of host this is. Each property has an experiment that no other fault disturbs, and
/// later experiments read through what earlier ones found.
///
/// A ledger differs from what unpatched hosts answer: zeros on an AMD vCPU, but the data of the highest
/// basic leaf on an Intel vCPU (SDM vol. 2, CPUID: "If a value entered for CPUID.EAX is higher than the
/// maximum input value for basic or extended function"). Such data is the same at every call; a ledger's
/// counters grow with each query.
///
/// The numbering is the host's, which a vCPU of another vendor's model hides: our own leaves report it; else
/// it is that of the vCPU's vendor, unless the other's number of CPUID exits counts the queries. The layout
/// is the one whose leaves grow, and mark undefined numbers, most like these. Leaves that answer like an
/// unpatched host are missing if there are several of them and the others count: a host may have been made
/// for one part of the assignment. The edition of the manual ends before the first number from which on all
/// are marked.
/// \param vendor CPUID's vendor string
/// \param clock  reads the TSC, in order with what stands around it
Profile profile(CpuidFunction cpuid, std::string_view vendor, std::uint64_t (*clock)(),
                const Overrides& overrides = {});

/// The numbering that goes with a CPUID vendor string: SVM for AMD and Hygon, VMX for all others.
Numbering numbering_of(std::string_view vendor);

}
