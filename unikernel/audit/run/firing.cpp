// Firing a trigger and measuring each firing.
#include "audit/run/firing.hpp"

#include "machine/features.hpp"
#include "machine/tsc.hpp"

namespace audit {

constinit SampleStore<65536, machine::max_processors> samples;

void fire_measured(void (*fire)(), std::uint64_t firings, bool rdtscp) {
    auto mine = samples.of(machine::this_cpu().index);
    for (std::uint64_t i = 0; i < firings; i++) {
        const auto start = machine::open_measurement();
        fire();
        mine.add(machine::close_measurement(rdtscp) - start);
        machine::note_step();
    }
    samples.of(machine::this_cpu().index) = mine;
}

std::uint64_t cost_of_nothing() {
    constexpr std::uint64_t firings = 1000;
    samples.start(1, firings);
    fire_measured([] {}, firings, machine::has(machine::feature::rdtscp));
    return samples.spread().median;
}

bool must_skip(const triggers::Trigger& trigger, const triggers::Deviation* deviation, std::uint64_t firings,
               Result& result) {
    if (deviation && deviation->left_out)
        result.skip(deviation->instead.source);
    else if (const auto missing = trigger.lacks ? trigger.lacks() : std::string_view(); !missing.empty())
        result.skip(missing);
    else if (const auto left = trigger.firings_left ? trigger.firings_left() : firings; left < firings)
        result.skip(
            console::Text<80>("this boot has {} such firings left, the plan wants {}", left, firings).view());
    return result.outcome == Outcome::skip;
}

}
