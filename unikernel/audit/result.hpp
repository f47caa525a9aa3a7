// What an audit found.
#pragma once

#include "console/format.hpp"
#include "ledger/leaves.hpp"
#include "triggers/trigger.hpp"

#include <cstdint>
#include <optional>
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
    ledger::ExitNumber exit;
    triggers::Bound bound;
    bool fastpath; ///< KVM handles these exits without its exit handler
    std::uint32_t repeats = 1;
    std::uint64_t firings; ///< in all repeats, as are the figures below
    std::uint64_t caused; ///< exits that the firings must cause
    std::int64_t told;    ///< growth of the ledger, the queries' own exits left out
    machine::ExceptionCounts raised{}; ///< exceptions that the firings ran into, by vector
    Spread guest;         ///< cycles per firing, between the guest's two TSC reads
    std::uint64_t empty;  ///< the same for an empty firing: its median

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
    undefined_as_not_enabled = 1,  ///< undefined exit numbers answer zeros
    not_enabled_as_undefined = 2,  ///< defined ones that KVM does not handle answer the mark
    past_the_table           = 4,  ///< only the number just behind the table answers wrongly
    halves_swapped           = 8,  ///< cycles make sense with high and low words exchanged
    high_word_lost           = 16, ///< cycles wrap at 2^32
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
