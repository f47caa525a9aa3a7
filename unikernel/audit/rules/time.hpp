// Is the time that the host reports possible, and what does it include?
//
// Host cycles are the host's TSC, guest cycles the guest's. Both run at one speed unless user space asked KVM
// to scale (KVM_SET_TSC_KHZ), which a guest cannot see: comparisons between the two assume that it did not.
#pragma once

#include "audit/result.hpp"
#include "audit/rules/bench.hpp"

#include <cstdint>
#include <optional>

namespace audit {

/// Fails `result` if the host's figures contradict themselves or the guest's clock:
/// exits that took no time, or more than passed while they happened; a shortest
/// above or a longest below the mean; more time inside KVM than in all.
/// \param window cycles of the guest's TSC in which all these exits happened, for all
///               vCPUs that took them together
void judge_time(std::uint64_t window, Result& result);

/// Cycles that a leaf reported before and after something.
struct Readings {
    std::uint64_t before, after;

    std::uint64_t growth() const { return after - before; }
};

/// Some firings of one kind, as the guest's clock and the ledger's total saw them.
struct Stretch {
    std::uint64_t firings;
    std::uint64_t guest; ///< cycles that passed for the guest, the readings of the ledger included
    Readings total;      ///< cycles of all exits

    std::uint64_t guest_mean() const { return guest / firings; }
    std::uint64_t host_mean() const { return total.growth() / firings; }
};

/// Fails `result` if the exits of a stretch took no time, or more than passed; true if
/// neither. Recognises lost words.
bool judge_stretch(const Stretch& stretch, Result& result);

/// What distinguishes one definition of an exit's time from another.
struct Definitions {
    Stretch cpuid;              ///< KVM answers at once
    Stretch mmio;               ///< KVM decodes and emulates an instruction
    Stretch pio;                ///< user space answers
    std::optional<Stretch> hlt; ///< the vCPU waits; absent where HLT does not exit
    bool slow_query = false;    ///< the query in each stretch takes longer than what it is to compare
};

/// Which part of an exit's time a host reports.
enum class Definition {
    exit_to_entry,
    without_user_space,
    without_waiting,
    handler_alone, ///< neither user space nor waiting
    none,          ///< the clock does not run while the exit is handled
};

/// The message where the definition cannot be found out.
inline constexpr std::string_view undecided = "too much else happened on the host to tell what it times";

/// Which of them these figures speak for; nothing where something else that the host did meanwhile drowns the
/// difference: user space answering no slower than KVM, or its time told with more than it took.
std::optional<Definition> name_definition(const Definitions& seen);

/// Names which of the definitions met in the field this host implements: from exit to
/// entry, the same without waiting or user space, or the exit handler alone. Fails
/// only if none of them can be meant: no time, more than passed, or the same for every
/// kind of exit, however long it takes to handle, or next to nothing for all.
void judge_definition(const Definitions& seen, Result& result);

/// One HLT that a timer ended.
struct Halt {
    Stretch stretch;
    Readings row;                   ///< cycles of HLT exits
    std::optional<Readings> inside; ///< of these in KVM alone; needs our own leaves
};

/// The wait is in HLT's row if it is in the total, and not in its time inside KVM.
void judge_halt(const Halt& halt, Result& result);

/// One exit alone of its kind, and what the extremes said after it.
struct Single {
    std::uint64_t cycles; ///< it took
    std::uint64_t row;    ///< cycles of all exits of its kind
    ledger::Leaves::Extremes extremes;
};

/// The shortest is not above what was seen, the longest not below, nor above the row.
void judge_single(ledger::ExitNumber exit, const Single& single, Result& result);

/// Fails where a query costs several times what another CPUID exit does.
void judge_query_cost(const Bench& bench, Result& result);

/// Reads every row once more, and fails if anything that the run has read went back.
void judge_monotonicity(const Bench& bench, Result& result);

}
