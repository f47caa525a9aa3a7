// Is the time that the host reports possible, and what does it include?
//
// Host cycles are the host's TSC, guest cycles the guest's. Comparisons assume that both run at one speed:
// that user space does not scale the TSC (KVM_SET_TSC_KHZ), which a guest cannot see.
#pragma once

#include "audit/result.hpp"
#include "audit/rules/bench.hpp"

#include <cstdint>
#include <optional>

namespace audit {

/// Fails `result` if the host's figures contradict each other or the guest's clock: exits took no time, or
/// longer than passed; the mean is outside shortest and longest; the time inside KVM exceeds the whole.
/// \param window guest TSC cycles in which all these exits happened, summed over the vCPUs that took them
void judge_time(std::uint64_t window, Result& result);

/// Cycles that a leaf reported before and after something.
struct Readings {
    std::uint64_t before, after;

    std::uint64_t growth() const { return after - before; }
};

/// Some firings of one kind, by the guest's clock and the ledger's total.
struct Stretch {
    std::uint64_t firings;
    std::uint64_t guest; ///< cycles that passed for the guest, including the readings of the ledger
    Readings total;      ///< cycles of all exits

    std::uint64_t guest_mean() const { return guest / firings; }
    std::uint64_t host_mean() const { return total.growth() / firings; }
};

/// Fails `result` if the exits of a stretch took no time, or longer than passed; else true. Recognises lost
/// words.
bool judge_stretch(const Stretch& stretch, Result& result);

/// What distinguishes one definition of an exit's time from another.
struct Definitions {
    Stretch cpuid;              ///< KVM answers at once
    Stretch mmio;               ///< KVM decodes and emulates an instruction
    Stretch pio;                ///< user space answers
    std::optional<Stretch> hlt; ///< the vCPU waits; absent where HLT does not exit
    bool slow_query = false;    ///< the query in each stretch takes longer than the exits to compare
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
inline constexpr std::string_view undecided = "too much else happened on the host to find out what it times";

/// The definition that fits these figures. Nothing if other work of the host hides the difference: user space
/// answers no slower than KVM, or is reported to take longer than it did.
std::optional<Definition> name_definition(const Definitions& seen);

/// Names the definition that this host implements. Fails only if none fits: no time, longer than passed, the
/// same for every kind of exit however long its handling takes, or next to nothing for all.
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

/// Neither is the shortest above the exit's time, nor the longest below it or above the row.
void judge_single(ledger::ExitNumber exit, const Single& single, Result& result);

/// Fails `result` if the buckets hold other than all exits of one kind that have ended; else true. The host
/// must keep histograms.
bool judge_buckets(const Bench& bench, ledger::ExitNumber exit, Result& result);

/// Fails where a query costs several times what another CPUID exit does.
void judge_query_cost(const Bench& bench, Result& result);

/// Reads every row once more, and fails if anything that the run has read went back.
void judge_monotonicity(const Bench& bench, Result& result);

}
