// The table of causes: what can be wrong with a host, and how they rank.
#pragma once

#include "diagnosis/finding.hpp"

#include <array>
#include <span>
#include <string_view>

namespace diagnosis {

class Evidence;

enum class CauseId : unsigned {
    wrong_layout,
    wrong_edition,
    answer_overwritten,
    wrong_register,
    vendor_not_patched,
    registers_not_cleared,
    answers_exchanged,
    out_of_bounds,
    undefined_answer,
    not_enabled_answer,
    handled_not_enabled,
    other_leaves_changed,
    shared_query,
    counts_go_back,
    stale_exit_reason,
    counted_twice,
    total_differs,
    self_count,
    shared_slot,
    exit_in_two_slots,
    host_wide,
    retpoline_shortcut,
    lost_fastpath,
    racing_counters,
    lost_exits,
    halves_swapped,
    high_word_lost,
    counted_not_timed,
    clock_stopped_early,
    slow_query,
    wrong_histogram,
    expectation_wrong,
    counts_when_audited,
    host_complaint,
    host_crashed,
    hang,
    handler_only,
    part_of_exit,
    leaf_missing,
    one_table,
    reduced_run,
    end
};

inline constexpr auto cause_count = static_cast<std::size_t>(CauseId::end);

/// Causes, as a set.
class CauseSet {
public:
    constexpr CauseSet() = default;
    constexpr CauseSet(std::initializer_list<CauseId> causes) {
        for (const auto cause : causes) bits_ |= bit(cause);
    }

    static constexpr CauseSet all_but(CauseId cause) {
        CauseSet set;
        set.bits_ = ((std::uint64_t{1} << cause_count) - 1) & ~bit(cause);
        return set;
    }

    constexpr CauseSet operator|(const CauseSet& other) const {
        auto both = *this;
        both.bits_ |= other.bits_;
        return both;
    }

    constexpr bool contains(CauseId cause) const { return bits_ & bit(cause); }
private:
    static constexpr std::uint64_t bit(CauseId cause) {
        return std::uint64_t{1} << static_cast<unsigned>(cause);
    }

    std::uint64_t bits_ = 0;
};

enum class Kind {
    fault,  ///< the host is wrong
    counts, ///< the host counts wrongly: the tracepoint can confirm or rule it out
    note,   ///< no failure, but worth knowing
};

struct Cause {
    CauseId id;
    std::string_view name; ///< for programs, like "lost-fastpath"; stable once released
    Kind kind;
    std::string_view what;     ///< the cause, a clause
    std::string_view remedy;   ///< what to do, a clause; empty for a note
    std::string_view evidence; ///< what shows it, for the documentation

    /// Failures that this cause explains are no evidence of these.
    CauseSet outranks;

    /// Is there evidence of the cause? Writes details, and what it explains, into the finding.
    bool (*find)(const Evidence& evidence, Finding& finding);

    bool last_resort = false; ///< all other causes outrank it
};

constexpr bool outranks(const Cause& a, const Cause& b) {
    return a.outranks.contains(b.id) || (b.last_resort && a.id != b.id);
}

/// All causes, in the order of their ids.
std::span<const Cause, cause_count> causes();

/// All ids, each after those that outrank it.
std::span<const CauseId, cause_count> ranking();

inline const Cause& cause(CauseId id) { return causes()[static_cast<std::size_t>(id)]; }

}
