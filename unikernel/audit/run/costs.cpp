// Measures triggers without a ledger.
#include "audit/run/costs.hpp"

#include "audit/exceptions.hpp"
#include "audit/run/firing.hpp"
#include "machine/attempt.hpp"
#include "machine/exceptions.hpp"
#include "machine/features.hpp"
#include "machine/io.hpp"
#include "plan/audits.hpp"

namespace audit {
namespace {

using triggers::Trigger;

constinit console::Text<160> failure;

// ", #UD each": an exception that each firing raised.
void write_raised(const Measurement& m, console::Sink& sink) {
    for (unsigned vector = 0; vector < m.raised.size(); vector++)
        if (m.raised[vector] == m.firings) sink.format(", {} each", exception_name(vector));
}

void fill_in(const triggers::Expectation& expectation, std::uint64_t firings, Result& result) {
    auto& m = result.measurement.emplace();
    m.costs_alone = true;
    m.exit = expectation.exit;
    m.firings = firings;
    m.raised = machine::resumed_exceptions();
    m.guest = samples.spread();
    result.message.format("{} firings, median {} cycles", firings, m.guest.median);
    write_raised(m, result.message);
}

}

void abandon_firing(std::string_view why) {
    failure.clear();
    failure.write(why);
    machine::abandon_attempt();
}

// run/exitaudit/witness/marks.hpp has the other end. Of the value the device sees its one port's byte alone.
void Costs::mark(bool end) const {
    if (plan_.marks())
        machine::Io::out(machine::Port::panic, static_cast<std::uint32_t>(number_ << 8 | (end ? 3 : 1)));
}

void Costs::fire(const Trigger& trigger, const triggers::Deviation* deviation, std::uint32_t firings,
                 Result& result) {
    const bool rdtscp = machine::has(machine::feature::rdtscp);
    if (trigger.prepare) trigger.prepare();
    machine::forget_exceptions();
    samples.start(1, std::uint64_t{firings} * plan_.repeats());
    mark(false);
    for (std::uint32_t i = 0; i < plan_.repeats(); i++) fire_measured(trigger.fire, firings, rdtscp);
    mark(true);
    fill_in(trigger.expectation(numbering_), std::uint64_t{firings} * plan_.repeats(), result);
    if (deviation) result.measurement->deviation = 1 + (deviation - trigger.deviations.data());
}

void Costs::measure(const Trigger& trigger, std::uint32_t firings, Result& result) {
    const auto all = std::uint64_t{firings} * plan_.repeats();
    const machine::ProcessorState usual;
    const triggers::Deviation* deviation = nullptr;
    const auto may_fail = [&](auto work) {
        if (machine::attempt(work)) return;
        usual.restore();
        result.skip(failure.view());
        result.measurement.reset();
    };
    may_fail([&] {
        deviation = trigger.deviation(numbering_, plan_.circumstances());
        if (must_skip(trigger, deviation, all, result)) return;
        if (const auto why = trigger.hazard ? trigger.hazard() : std::string_view(); !why.empty())
            result.skip(why);
    });
    if (result.outcome == Outcome::skip) return;
    may_fail([&] { fire(trigger, deviation, firings, result); });
    if (trigger.clean_up) may_fail(trigger.clean_up);
    machine::expect_no_traps();
}

std::span<const Result> Costs::measure(void (*on_result)(std::size_t number, const Result& result)) {
    const auto empty = cost_of_nothing();
    plan::for_each_audit([&](std::size_t index, std::string_view name, const Trigger* trigger, auto) {
        if (!plan_.selects(index)) return;
        auto& result = results_[number_++];
        result = Result();
        result.name = name;
        measure(*trigger, plan_.count(index, trigger->count), result);
        if (result.measurement) result.measurement->empty = empty;
        on_result(number_, result);
    });
    return {results_.data(), number_};
}

}
