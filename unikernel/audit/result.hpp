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

enum class Verdict { ok, not_ok, skip };

/// The spread of one quantity over the firings, in cycles.
struct Spread {
    std::uint64_t min, median, mean, p99, max;
    std::uint64_t stddev; ///< standard deviation
    std::uint64_t p25 = 0, p75 = 0;
};

/// What a trigger caused, what the ledger told of it, and what it cost.
struct Measurement {
    /// A row, not the trigger's own, that moved otherwise than it may.
    struct Stray {
        ledger::ExitNumber exit;
        std::int64_t told, low, high; ///< growth, the queries' own exits left out; what it may be
        bool never_counted = false; ///< KVM has no handler for such exits, so that no VM can have taken them
    };
    static constexpr std::size_t max_strays = 6;

    ledger::ExitNumber exit;
    triggers::Bound bound;
    bool fastpath; ///< KVM handles these exits without its exit handler
    bool nested =
        false; ///< a nested guest was entered, some of whose exits KVM passes on before its exit handlers
    bool unhandled = false; ///< and has no handler for
    std::uint32_t repeats = 1;
    std::uint64_t firings;                      ///< in all repeats, as are the figures below
    std::uint64_t caused;                       ///< exits that the firings must cause
    std::int64_t told;                          ///< growth of the ledger, the queries' own exits left out
    std::int64_t queries = 0;                   ///< CPUID exits that reading the ledger caused meanwhile
    std::array<Stray, max_strays> stray_rows{}; ///< the first of them
    std::size_t stray_count = 0;

    std::span<const Stray> strays() const { return std::span(stray_rows).first(stray_count); }

    machine::ExceptionCounts raised{}; ///< exceptions that the firings ran into, by vector
    Spread guest;                      ///< cycles per firing, between the guest's two TSC reads
    std::uint64_t empty;               ///< the same for an empty firing: its median

    /// The host's own figures for these exits, in cycles; absent if it told of none.
    struct Host {
        std::uint32_t exits;
        std::uint64_t cycles;
        std::optional<ledger::Leaves::Extremes> extremes; ///< over the VM's life; needs our own leaves
        std::optional<std::uint64_t> inside;              ///< in KVM alone; needs our own leaves

        std::uint64_t mean() const { return cycles / exits; }
    };
    std::optional<Host> host;
};

/// What one audit sees and the findings put together with what others see.
enum class Symptom : unsigned {
    // answers of the leaves
    undefined_as_not_enabled = 1u << 0, ///< undefined exit numbers answer zeros
    undefined_garbage = 1u << 1,        ///< they answer neither zeros nor anything like the mark
    undefined_wrong_mark = 1u << 2,     ///< their EDX is neither 0 nor all ones
    undefined_never_marked = 1u << 3,   ///< not one of them is marked
    not_enabled_as_undefined = 1u << 4, ///< defined numbers that KVM does not handle answer the mark
    not_enabled_garbage = 1u << 5,      ///< they answer neither zeros nor the mark
    defined_as_undefined = 1u << 6,     ///< defined numbers answer the mark, CPUID's own among them
    past_the_table = 1u << 7,           ///< only the number just behind the table answers wrongly
    leftovers = 1u << 8,                ///< a register carries what its leaf does not define
    ordinary_data = 1u << 9,            ///< an answer is an ordinary leaf's data
    other_leaf = 1u << 10,              ///< an ordinary leaf answers otherwise
    foreign_answer = 1u << 11,          ///< a vCPU got what another asked for
    // counts, beside a measurement's
    self_count_none = 1u << 12,  ///< queries never count themselves
    self_count_twice = 1u << 13, ///< they always count themselves once too often
    self_count_lost = 1u << 14,  ///< now and then one does not
    count_unsteady = 1u << 15,   ///< counts move otherwise than by the queries that read them
    rows_over_total = 1u << 16,  ///< the rows add up to more than the total
    total_over_rows = 1u << 17,
    soak_lost = 1u << 18, ///< several vCPUs' exits add up to too few
    // cycles
    halves_swapped = 1u << 19, ///< cycles make sense with high and low words exchanged
    high_word_lost = 1u << 20, ///< cycles wrap at 2^32
    untimed = 1u << 21,        ///< exits took no time
    impossible = 1u << 22,     ///< exits took more time than passed, or time went back
    stops_early = 1u << 23,    ///< the clock stops before the exit is handled
    handler_alone = 1u << 24,  ///< time is the exit handler's, without user space and waiting
    part_of_exit = 1u << 25,   ///< time leaves one of them out
    slow_query = 1u << 26,     ///< a query costs many times what CPUID costs
    // answers again
    edx_left_set = 1u << 27,  ///< EDX is all ones beside a value
    hole = 1u << 28,          ///< a defined number answers the mark
    leaf_unmarked = 1u << 29, ///< one leaf marks no undefined number, another does
    // counts again
    passed_on_lost = 1u << 30, ///< exits that KVM passes on to a nested hypervisor are missing in the total
    // cycles again
    partly_untimed = 1u << 31, ///< some exits of a kind took no time
};

struct Result {
    std::string_view name;
    Verdict verdict = Verdict::ok;
    console::Text<160> message;
    console::Text<240> diagnosis; ///< likely cause, empty if none is known
    std::optional<Measurement> measurement;
    unsigned symptoms = 0;

    void show(Symptom symptom) { symptoms |= static_cast<unsigned>(symptom); }
    bool shows(Symptom symptom) const { return symptoms & static_cast<unsigned>(symptom); }

    /// Does it show one of them?
    template <typename... Symptoms>
    bool shows_any(Symptoms... any) const
    {
        return symptoms & (static_cast<unsigned>(any) | ...);
    }

    /// Turns the result into a failure. The first one is kept: it is the
    /// nearest to the cause.
    template <typename... Values>
    void fail(std::string_view pattern, const Values&... values)
    {
        if (verdict == Verdict::not_ok)
            return;
        verdict = Verdict::not_ok;
        message.clear();
        message.format(pattern, values...);
    }

    /// Turns the result into a skip, whatever it was before.
    void skip(std::string_view reason)
    {
        verdict = Verdict::skip;
        diagnosis.clear();
        message.clear();
        message.write(reason);
    }

    void diagnose(std::string_view cause)
    {
        if (diagnosis.empty())
            diagnosis.write(cause);
    }
};

}
