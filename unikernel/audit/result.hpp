// What an audit found.
#pragma once

#include "console/format.hpp"
#include "ledger/leaves.hpp"
#include "triggers/trigger.hpp"

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

namespace audit {

/// How an audit ended.
enum class Outcome { ok, not_ok, skip };

/// The spread of one quantity over the firings, in cycles.
struct Spread {
    std::uint64_t min, median, mean, p99, max;
    std::uint64_t stddev; ///< standard deviation
    std::uint64_t p25 = 0, p75 = 0;
};

/// What a trigger caused, what the ledger counted of it, and what it cost.
struct Measurement {
    /// A row, not the trigger's own, outside its limits.
    struct Stray {
        ledger::ExitNumber exit;
        std::int64_t counted, low, high; ///< growth without the queries' exits; its limits
        bool never_counted = false;      ///< KVM has no handler for such exits: no VM can have taken them
    };
    static constexpr std::size_t max_strays = 6;

    ledger::ExitNumber exit;
    triggers::Bound bound;
    bool costs_alone = false; ///< no ledger was read: of counts nothing is known
    std::ptrdiff_t deviation =
        0;                  ///< of the trigger's deviations, which one holds, from 1; then alone. 0: none
    bool fastpath;          ///< KVM handles these exits without its exit handler
    bool nested = false;    ///< a nested guest was entered: KVM passes on some of its exits to us
    bool unhandled = false; ///< and has no handler for them
    std::uint32_t repeats = 1;
    std::uint64_t firings;      ///< in all repeats, as are the figures below
    std::uint64_t caused;       ///< exits that the firings must cause
    std::int64_t counted;       ///< growth of the ledger without the queries' exits
    bool by_total = false;      ///< growth of the total: this host has no counts by exit
    std::int64_t uncounted = 0; ///< growth of the total beyond that of all rows; 0 unless both were read
    std::int64_t queries = 0;   ///< CPUID exits that reading the ledger caused
    std::array<Stray, max_strays> stray_rows{}; ///< the first of them
    std::size_t stray_count = 0;

    std::span<const Stray> strays() const { return std::span(stray_rows).first(stray_count); }

    machine::ExceptionCounts raised{}; ///< exceptions that the firings ran into, by vector
    Spread guest;                      ///< cycles per firing, between the guest's two TSC reads
    std::uint64_t empty;               ///< the same for an empty firing: its median

    /// The host's own figures for these exits, in cycles; absent if it counted none.
    struct Host {
        std::uint32_t exits;
        std::uint64_t cycles;
        std::optional<ledger::Leaves::Extremes> extremes; ///< over the VM's life; needs our own leaves
        std::optional<std::uint64_t> inside;              ///< in KVM alone; needs our own leaves

        std::uint64_t mean() const { return cycles / exits; }
    };
    std::optional<Host> host;
};

/// What an audit saw. Tells causes apart. Result records carry the names.
enum class Symptom : unsigned {
    undefined_as_not_enabled, ///< undefined exit numbers answer zeros
    undefined_garbage,        ///< they answer neither zeros nor anything like the mark
    undefined_wrong_mark,     ///< their EDX is neither 0 nor all ones
    undefined_never_marked,   ///< not one of them is marked
    not_enabled_as_undefined, ///< numbers that KVM does not handle answer the mark
    not_enabled_garbage,      ///< they answer something else
    defined_as_undefined,     ///< defined numbers answer the mark, CPUID's own among them
    past_the_table,           ///< only the number just behind the table answers wrongly
    leftovers,                ///< a register carries what its leaf does not define
    ordinary_data,            ///< an answer is an ordinary leaf's data
    other_leaf,               ///< an ordinary leaf answers otherwise
    foreign_answer,           ///< a vCPU got what another asked for
    edx_left_set,             ///< EDX is all ones beside a value
    hole,                     ///< a defined number answers the mark
    leaf_unmarked,            ///< one leaf marks no undefined number, another does
    shared_table,             ///< the table holds exits of other VMs
    self_count_none,          ///< queries never count themselves
    self_count_twice,         ///< they always count themselves once too often
    self_count_lost,          ///< now and then one does not
    total_twice,              ///< the total counts each exit twice, and the rows do so once
    count_unsteady,           ///< counts move by more or less than the queries that read them
    rows_over_total,          ///< the rows add up to more than the total
    total_over_rows,          ///< they add up to less
    soak_lost,                ///< several vCPUs' exits add up to too few
    passed_on_lost,           ///< exits that KVM passes on to a nested hypervisor are missing in the total
    halves_swapped,           ///< cycles make sense with high and low words exchanged
    high_word_lost,           ///< cycles wrap at 2^32
    untimed,                  ///< exits took no time
    partly_untimed,           ///< some exits of a kind took no time
    impossible,               ///< exits took more time than passed, or time went back
    stops_early,              ///< the clock does not run while the exit is handled
    handler_alone,            ///< time is the exit handler's, without user space and waiting
    part_of_exit,             ///< time leaves one of them out
    slow_query,               ///< a query costs many times what CPUID costs
    end
};

/// The name of a symptom in records, "undefined-as-not-enabled".
std::string_view symptom_name(Symptom symptom);

struct Result {
    std::string_view name;
    Outcome outcome = Outcome::ok;
    console::Text<160> message;
    console::Text<240> diagnosis; ///< likely cause, empty if none is known
    std::optional<Measurement> measurement;
    std::uint64_t symptoms = 0;

    static constexpr std::uint64_t bit(Symptom symptom) {
        return std::uint64_t{1} << static_cast<unsigned>(symptom);
    }
    void show(Symptom symptom) { symptoms |= bit(symptom); }
    bool shows(Symptom symptom) const { return symptoms & bit(symptom); }

    /// Does it show one of them?
    template <typename... Symptoms> bool shows_any(Symptoms... any) const {
        return symptoms & (bit(any) | ...);
    }

    /// Turns the result into a failure. The first one is kept: it is the nearest to the cause.
    template <typename... Values> void fail(std::string_view pattern, const Values&... values) {
        if (outcome == Outcome::not_ok) return;
        outcome = Outcome::not_ok;
        message.clear();
        message.format(pattern, values...);
    }

    /// Turns the result into a skip, whatever it was before.
    void skip(std::string_view reason) {
        outcome = Outcome::skip;
        diagnosis.clear();
        message.clear();
        message.write(reason);
    }

    void diagnose(std::string_view cause) {
        if (diagnosis.empty()) diagnosis.write(cause);
    }
};

/// Adds a further repeat to the result of those before, all of which passed: figures add up, and the verdict
/// is that of the repeat if it did not pass.
void join_repeat(Result& all, const Result& repeat);

}
