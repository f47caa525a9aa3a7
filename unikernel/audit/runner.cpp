// Firing triggers between two readings of the ledger.
#include "audit/runner.hpp"

#include "audit/audits.hpp"
#include "audit/repeats.hpp"
#include "audit/statistics.hpp"
#include "audit/time.hpp"
#include "audit/untried.hpp"
#include "machine/apic.hpp"
#include "machine/cpuid.hpp"
#include "machine/exceptions.hpp"
#include "machine/features.hpp"
#include "machine/interrupts.hpp"
#include "machine/processors.hpp"
#include "machine/tsc.hpp"

#include <array>

namespace audit {
namespace {

using ledger::ExitNumber;
using ledger::Leaves;
using ledger::Numbering;
using triggers::Trigger;

constexpr std::size_t sample_capacity = 65536;
constinit SampleStore<sample_capacity, machine::max_processors> samples;
constinit std::array<Result, Plan::max_audits> results{};
constinit ledger::Monotony monotony;
constinit TotalsOnly totals_only;
constinit std::string_view running_audit;

void fire_nothing() {}

// Cycles per firing, the call and the fences included.
void fire_measured(void (*fire)(), std::uint64_t firings, bool rdtscp)
{
    auto mine = samples.of(machine::this_cpu().index);
    for (std::uint64_t i = 0; i < firings; i++) {
        const auto start = machine::open_measurement();
        fire();
        mine.add(machine::close_measurement(rdtscp) - start);
        machine::note_step();
    }
    samples.of(machine::this_cpu().index) = mine;
}

void run_together(void (*work)(void* context, unsigned vcpu), void* context)
{
    machine::run_on_all([=] { work(context, machine::this_cpu().index); });
}

// The boot vCPU, while the others wait.
void run_alone(void (*work)(void* context, unsigned vcpu), void* context) { work(context, 0); }

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
    row.cycles = leaves.cycles_if_told(exit);
    row.inside = probe.revision ? leaves.cycles_inside(exit) : 0;
    return row;
}

Row read_row_at_end(Leaves& leaves, const ledger::Probe& probe, ExitNumber exit)
{
    Row row{};
    row.inside = probe.revision ? leaves.cycles_inside(exit) : 0;
    row.count = leaves.count(exit);
    row.cycles = leaves.cycles_if_told(exit);
    return row;
}

std::optional<Measurement::Host> host_figures(Leaves& leaves, const ledger::Probe& probe, ExitNumber exit,
                                              const Row& before, const Row& after)
{
    const std::uint32_t exits = after.count - before.count;
    if (exits == 0 || !leaves.layout().has(ledger::Leaf::exit_cycles))
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

// Cycles that a firing which does nothing costs: their median.
std::uint64_t cost_of_nothing()
{
    constexpr std::uint64_t firings = 1000;
    samples.start(1, firings);
    fire_measured(fire_nothing, firings, machine::has(machine::feature::rdtscp));
    return samples.spread().median;
}

// Those of the plan's vCPUs that are not in the crew wait.
void run_once(const Trigger& trigger, const triggers::Expectation& expectation, const Plan& plan,
              const Crew& crew, std::uint64_t firings, Leaves& leaves, const ledger::Probe& probe,
              Result& result)
{
    const bool rdtscp = machine::has(machine::feature::rdtscp);
    machine::run_on_all([&] {
        machine::disable_interrupts();
        // The others must be awake: a HLT of theirs must not come amid the measurement.
        if (machine::this_cpu().index < crew.vcpus && trigger.prepare)
            trigger.prepare();
    });
    machine::forget_exceptions();
    const auto sampled_before = samples.sum();
    const auto first_query = leaves.queries();
    const auto begin = machine::rdtsc();
    const ledger::Snapshot before(leaves);
    const auto queries_before = leaves.queries();
    const auto start = machine::open_measurement();
    const auto row_before = read_row_at_start(leaves, probe, expectation.exit);
    crew.run([&](unsigned) { fire_measured(trigger.fire, firings, rdtscp); });
    const auto row_after = read_row_at_end(leaves, probe, expectation.exit);
    const auto window = machine::close_measurement(rdtscp) - start;
    const ledger::Snapshot after(leaves);
    const auto end = machine::rdtsc();
    const auto raised = machine::resumed_exceptions();

    if (expectation.totals_only != 0) {
        totals_only.exits += static_cast<std::uint32_t>(crew.vcpus * firings * expectation.totals_only);
        totals_only.cycles += crew.vcpus * window;
    }

    if (trigger.clean_up)
        crew.run([&](unsigned) { trigger.clean_up(); });
    machine::expect_no_traps();
    const Window whole{plan.vcpus(), end - begin, end - begin - window, samples.sum() - sampled_before,
                       2 * (queries_before - first_query)};
    const Fired fired{crew.vcpus * firings, crew.vcpus, whole.waited()};
    const Seen seen{fired, before, after, raised};
    judge(expectation, leaves.numbering(), seen, result);
    excuse_untried(trigger, plan.circumstances(), leaves.numbering(), seen, result);
    result.measurement->host = host_figures(leaves, probe, expectation.exit, row_before, row_after);
    judge_time(crew.vcpus * window, result);
    excuse(trigger, result);
}

// A row that the host adds to by itself may hold more than the firings caused, and then
// only now and then: what is counted wrongly is so each time.
bool disturbed(const Result& result, Numbering numbering)
{
    const auto& m = *result.measurement;
    return result.verdict == Verdict::not_ok && is_noise(numbering, m.exit) &&
           m.told > static_cast<std::int64_t>(m.caused);
}

// Why the trigger cannot be fired, if so; then `result` is a skip.
bool must_skip(const Trigger& trigger, const triggers::Deviation* deviation, std::uint64_t firings,
               Result& result)
{
    if (deviation && deviation->left_out)
        result.skip(deviation->instead.source);
    else if (const auto missing = trigger.lacks ? trigger.lacks() : std::string_view(); !missing.empty())
        result.skip(missing);
    else if (const auto left = trigger.firings_left ? trigger.firings_left() : firings; left < firings)
        result.skip(
            console::Text<80>("this boot has {} such firings left, the plan wants {}", left, firings).view());
    return result.verdict == Verdict::skip;
}

// Fires so often, again where the host disturbed it.
Result run_undisturbed(const Trigger& trigger, const Plan& plan, const Crew& crew, std::uint64_t firings,
                       Leaves& leaves, const ledger::Probe& probe)
{
    const auto numbering = leaves.numbering();
    const auto* const deviation = trigger.deviation(numbering, plan.circumstances());
    const auto& expectation = deviation ? deviation->instead : trigger.expectation(numbering);
    constexpr unsigned attempts = 3;
    Result result;
    for (unsigned i = 0; i < attempts; i++) {
        result = Result();
        result.name = trigger.name;
        if (must_skip(trigger, deviation, crew.vcpus * firings, result))
            break;
        run_once(trigger, expectation, plan, crew, firings, leaves, probe, result);
        if (!disturbed(result, numbering))
            break;
    }
    return result;
}

Amount amount(const Plan& plan, std::size_t index, const RuleAudit& rule)
{
    const auto seconds = plan.seconds(index);
    return {plan.count(index, rule.count), seconds,
            seconds ? seconds * machine::local_apic.cycles_per_second() : 0};
}

void run_trigger(const Trigger& trigger, const Plan& plan, const Crew& crew, std::uint64_t firings,
                 Leaves& leaves, const ledger::Probe& probe, Result& result)
{
    samples.start(crew.vcpus, firings * plan.repeats());
    result = run_undisturbed(trigger, plan, crew, firings, leaves, probe);
    for (std::uint32_t i = 1; i < plan.repeats() && result.verdict == Verdict::ok; i++)
        join_repeat(result, run_undisturbed(trigger, plan, crew, firings, leaves, probe));
    if (result.measurement)
        result.measurement->guest = samples.spread();
}

}

std::string_view running() { return running_audit; }

std::span<const Result> run(const Plan& plan, Leaves& leaves, const ledger::Probe& probe,
                            void (*on_result)(std::size_t number, const Result& result))
{
    const Crew together{plan.vcpus(), run_together}, alone{1, run_alone};
    std::size_t number = 0;
    leaves.watch(monotony);
    const auto seed = plan.seed(static_cast<std::uint32_t>(machine::rdtsc()));
    const auto empty = cost_of_nothing();
    machine::rest_others();
    for_each_audit([&](std::size_t index, std::string_view name, const Trigger* trigger,
                       const RuleAudit* rule) {
        if (!plan.selects(index))
            return;
        auto& result = results[number++];
        result = Result();
        result.name = running_audit = name;
        if (trigger)
            run_trigger(*trigger, plan, trigger->boot_vcpu_only ? alone : together,
                        plan.count(index, trigger->count), leaves, probe, result);
        else if (rule->run_together)
            rule->run_together(together, amount(plan, index, *rule), leaves, result);
        else
            rule->run({leaves, probe, monotony, plan.count(index, rule->count), seed, totals_only}, result);
        if (result.measurement)
            result.measurement->empty = empty;
        // Read through another layout, nothing is what its audit takes it for.
        if (probe.layout != probe.detected && name != "ledger.layout")
            result.diagnosis.clear();
        leaves.cycles(); // for the monotony of the total over the run
        machine::rest_others();
        on_result(number, result);
    });
    return {results.data(), number};
}

}
