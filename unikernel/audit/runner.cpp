// Firing triggers between two readings of the ledger.
#include "audit/runner.hpp"

#include "audit/audits.hpp"
#include "audit/exceptions.hpp"
#include "audit/growth.hpp"
#include "audit/statistics.hpp"
#include "audit/time.hpp"
#include "machine/cpuid.hpp"
#include "machine/exceptions.hpp"
#include "machine/interrupts.hpp"
#include "machine/tsc.hpp"

#include <array>

namespace audit {
namespace {

using ledger::ExitNumber;
using ledger::Leaves;
using ledger::Numbering;
using triggers::Trigger;

constexpr std::size_t sample_capacity = 65536;
constinit Samples<sample_capacity> samples;
constinit std::array<Result, Plan::max_audits> results{};

void fire_nothing()
{
}

// Cycles per firing, the call and the fences included.
Spread fire_measured(void (*fire)(), std::uint64_t firings, bool rdtscp)
{
    samples.start(firings);
    for (std::uint64_t i = 0; i < firings; i++) {
        const auto start = machine::open_measurement();
        fire();
        samples.add(machine::close_measurement(rdtscp) - start);
    }
    return samples.spread();
}

// One row's figures. The count is read just before the cycles: its own exit is complete
// by then, so both speak of the same exits even in CPUID's row.
struct Row {
    std::uint32_t count;
    std::uint64_t cycles, inside;
};

// The time inside KVM is read later at the start and earlier at the end, so that in
// CPUID's row it speaks of no exit that the cycles do not.
Row read_row_at_start(Leaves& leaves, const ledger::Probe& probe, ExitNumber exit)
{
    Row row{};
    row.count = leaves.count(exit);
    row.cycles = leaves.cycles(exit);
    row.inside = probe.revision ? leaves.cycles_inside(exit) : 0;
    return row;
}

Row read_row_at_end(Leaves& leaves, const ledger::Probe& probe, ExitNumber exit)
{
    Row row{};
    row.inside = probe.revision ? leaves.cycles_inside(exit) : 0;
    row.count = leaves.count(exit);
    row.cycles = leaves.cycles(exit);
    return row;
}

std::optional<Measurement::Host> host_figures(Leaves& leaves, const ledger::Probe& probe, ExitNumber exit,
                                              const Row& before, const Row& after)
{
    const std::uint32_t exits = after.count - before.count;
    if (exits == 0)
        return {};
    Measurement::Host host{exits, after.cycles - before.cycles, {}, {}};
    if (probe.revision) {
        host.extremes = leaves.extremes(exit);
        host.inside = after.inside - before.inside;
    }
    return host;
}

// An exit that this vCPU does not take is neither a pass nor the host's failure.
void excuse(const Trigger& trigger, Result& result)
{
    const auto& m = *result.measurement;
    if (m.bound == triggers::Bound::none || m.told != 0 || !trigger.excuse)
        return;
    if (const auto reason = trigger.excuse(); !reason.empty())
        result.skip(reason);
}

void run_once(const Trigger& trigger, const triggers::Expectation& expectation, std::uint64_t firings, Leaves& leaves,
              const ledger::Probe& probe, Result& result)
{
    const bool rdtscp = machine::has_rdtscp();
    machine::disable_interrupts();
    if (trigger.prepare)
        trigger.prepare();
    machine::forget_exceptions();
    const auto empty = fire_measured(fire_nothing, firings, rdtscp).median;

    const ledger::Snapshot before(leaves);
    const auto start = machine::open_measurement();
    const auto row_before = read_row_at_start(leaves, probe, expectation.exit);
    const auto guest = fire_measured(trigger.fire, firings, rdtscp);
    const auto row_after = read_row_at_end(leaves, probe, expectation.exit);
    const auto window = machine::close_measurement(rdtscp) - start;
    const ledger::Snapshot after(leaves);

    if (trigger.clean_up)
        trigger.clean_up();
    machine::expect_no_traps();
    judge_growth(expectation, leaves.numbering(), firings, before, after, result);
    result.measurement->raised = machine::resumed_exceptions();
    result.measurement->guest = guest;
    result.measurement->empty = empty;
    result.measurement->host = host_figures(leaves, probe, expectation.exit, row_before, row_after);
    judge_exceptions(expectation, result);
    judge_time(window, result);
    excuse(trigger, result);
}

// A row that the host adds to by itself may hold more than the firings caused, and then
// only now and then: what is counted wrongly is so each time.
bool disturbed(const Result& result, Numbering numbering)
{
    const auto& m = *result.measurement;
    return result.verdict == Verdict::not_ok && is_noise(numbering, m.exit) && m.told > static_cast<std::int64_t>(m.caused);
}

// Why the trigger cannot be fired, if so; then `result` is a skip.
bool must_skip(const Trigger& trigger, std::uint64_t firings, Result& result)
{
    if (const auto missing = trigger.lacks ? trigger.lacks() : std::string_view(); !missing.empty())
        result.skip(missing);
    else if (const auto left = trigger.firings_left ? trigger.firings_left() : firings; left < firings)
        result.skip(console::Text<80>("this boot has {} such firings left, the plan wants {}", left, firings).view());
    return result.verdict == Verdict::skip;
}

void run_trigger(const Trigger& trigger, const Plan& plan, std::uint64_t firings, Leaves& leaves, const ledger::Probe& probe,
                 Result& result)
{
    const auto& expectation = trigger.expectation(leaves.numbering(), plan.circumstances());
    constexpr unsigned attempts = 3;
    for (unsigned i = 0; i < attempts; i++) {
        result = Result();
        result.name = trigger.name;
        if (must_skip(trigger, firings, result))
            return;
        run_once(trigger, expectation, firings, leaves, probe, result);
        if (!disturbed(result, leaves.numbering()))
            return;
    }
}

}

std::span<const Result> run(const Plan& plan, Leaves& leaves, const ledger::Probe& probe,
                            void (*on_result)(std::size_t number, const Result& result))
{
    std::size_t number = 0;
    for_each_audit([&](std::size_t index, std::string_view name, const Trigger* trigger, const RuleAudit* rule) {
        if (!plan.selects(index))
            return;
        auto& result = results[number++];
        result = Result();
        result.name = name;
        if (trigger)
            run_trigger(*trigger, plan, plan.count(index, trigger->count), leaves, probe, result);
        else
            rule->run(leaves, probe, result);
        on_result(number, result);
    });
    return {results.data(), number};
}

}
