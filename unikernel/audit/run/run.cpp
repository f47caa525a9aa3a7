// Fires triggers between two readings of the ledger.
#include "audit/run/run.hpp"

#include "audit/rules/time.hpp"
#include "audit/run/firing.hpp"
#include "audit/untried.hpp"
#include "machine/apic.hpp"
#include "machine/cpuid.hpp"
#include "machine/exceptions.hpp"
#include "machine/features.hpp"
#include "machine/interrupts.hpp"
#include "machine/processors.hpp"
#include "machine/tsc.hpp"

namespace audit {
namespace {

using ledger::ExitNumber;
using triggers::Trigger;

constinit std::string_view running_audit;

void run_together(void (*work)(void* context, unsigned vcpu), void* context) {
    machine::run_on_all([=] { work(context, machine::this_cpu().index); });
}

// The boot vCPU, while the others wait.
void run_alone(void (*work)(void* context, unsigned vcpu), void* context) { work(context, 0); }

// If this vCPU does not take an exit, the trigger is skipped: neither a pass nor the host's failure. A total
// may grow meanwhile, by exits that the host causes; then the firings are too quick for an exit each.
// `cpuid` is what a CPUID exit costs, in cycles.
void excuse(const Trigger& trigger, std::uint64_t cpuid, Result& result) {
    const auto& m = *result.measurement;
    const bool took_none = m.counted == 0 || (m.by_total && m.guest.median < m.empty + cpuid / 2);
    if (m.bound == triggers::Bound::none || !took_none || !trigger.excuse) return;
    if (const auto reason = trigger.excuse(); !reason.empty()) result.skip(reason);
}

// The leaf that the audit needs and the host lacks, if there is one.
std::string_view missing_leaf(const plan::RuleAudit& rule, const ledger::Leaves& leaves) {
    constexpr std::string_view reasons[] = {
        "this host reports no total count", "this host reports no total of cycles",
        "this host reports no counts by exit", "this host reports no cycles by exit"};
    for (std::size_t i = 0; i < std::size(reasons); i++)
        if (const auto leaf = ledger::assigned_leaves[i]; rule.needs.contains(leaf) && !leaves.has(leaf))
            return reasons[i];
    return {};
}

Budget budget_of(const plan::Plan& plan, const ledger::Profile& profile) {
    // Everything is read if a query costs about as much as CPUID.
    if (!profile.cost.is_expensive()) return {};
    std::uint64_t triggers = 0;
    plan::for_each_audit([&](std::size_t index, std::string_view, const Trigger* trigger, auto) {
        triggers += trigger && plan.selects(index);
    });
    return Budget::within(profile.cost.query, plan.budget() * machine::local_apic.cycles_per_second(),
                          triggers * plan.repeats(), profile);
}

}

// One row's figures. The count is read just before the cycles: its own exit is complete by then, so both
// cover the same exits even in CPUID's row.
struct Run::Row {
    std::uint32_t count;
    std::uint64_t cycles, inside;
};

// At the start the time inside KVM is read last, at the end first. So in CPUID's row it covers no exit that
// the cycles do not cover.
Run::Row Run::read_row(ExitNumber exit, bool at_start) {
    const auto inside = [&] { return profile_.revision ? leaves_.cycles_inside(exit) : 0; };
    Row row{};
    if (!at_start) row.inside = inside();
    row.count = leaves_.count(exit);
    row.cycles = leaves_.cycles(exit);
    if (at_start) row.inside = inside();
    return row;
}

std::optional<Measurement::Host> Run::host_figures(ExitNumber exit, const Row& before, const Row& after) {
    const std::uint32_t exits = after.count - before.count;
    if (exits == 0 || !leaves_.has(ledger::Leaf::exit_cycles)) return {};
    Measurement::Host host{exits, after.cycles - before.cycles, {}, {}};
    if (profile_.revision) {
        host.extremes = leaves_.extremes(exit);
        host.inside = after.inside - before.inside;
    }
    return host;
}

// vCPUs of the plan that are not in the crew wait.
void Run::fire_once(const Trigger& trigger, const triggers::Expectation& expectation, const Crew& crew,
                    std::uint32_t firings, Result& result) {
    const bool rdtscp = machine::has(machine::feature::rdtscp);
    machine::run_on_all([&] {
        machine::disable_interrupts();
        // The others must be awake: a HLT of theirs must not come amid the measurement.
        if (machine::this_cpu().index < crew.vcpus && trigger.prepare) trigger.prepare();
    });
    machine::forget_exceptions();
    const auto coverage = budget_.all_rows ? coverage_ : coverage_.limited_to(expectation);
    const auto sampled_before = samples.sum();
    const auto first_query = leaves_.queries();
    const auto begin = machine::rdtsc();
    const ledger::Snapshot before(leaves_, coverage.rows);
    const auto queries_before = leaves_.queries();
    const auto start = machine::open_measurement();
    const auto row_before = read_row(expectation.exit, true);
    crew.run([&](unsigned) { fire_measured(trigger.fire, firings, rdtscp); });
    const auto row_after = read_row(expectation.exit, false);
    const auto window = machine::close_measurement(rdtscp) - start;
    const ledger::Snapshot after(leaves_, coverage.rows);
    const auto end = machine::rdtsc();
    const auto raised = machine::resumed_exceptions();

    if (expectation.totals_only != 0) {
        totals_only_.exits += crew.vcpus * firings * expectation.totals_only;
        totals_only_.cycles += crew.vcpus * window;
    }
    if (trigger.clean_up) crew.run([&](unsigned) { trigger.clean_up(); });
    machine::expect_no_traps();
    const Window whole{plan_.vcpus(), end - begin, end - begin - window, samples.sum() - sampled_before,
                       2 * (queries_before - first_query)};
    const Fired fired{std::uint64_t{crew.vcpus} * firings, crew.vcpus, whole.waited()};
    const Seen seen{coverage, fired, before, after, raised};
    judge(expectation, seen, result);
    excuse_untried(trigger, plan_.circumstances(), seen, result);
    result.measurement->host = host_figures(expectation.exit, row_before, row_after);
    if (!coverage.shared) judge_time(crew.vcpus * window, result);
}

// The host itself may add to some rows now and then, and have KVM intercept again what should exit at most
// once. A wrong count is wrong each time.
bool Run::is_disturbed(const Result& result) const {
    const auto& m = *result.measurement;
    return result.outcome == Outcome::not_ok &&
           (is_noise(profile_.numbering, m.exit) || m.bound == triggers::Bound::at_most) &&
           m.counted > static_cast<std::int64_t>(m.caused);
}

// Fires the trigger, and again if the host disturbed it.
Result Run::fire_undisturbed(const Trigger& trigger, const Crew& crew, std::uint32_t firings) {
    const auto* const deviation = trigger.deviation(profile_.numbering, plan_.circumstances());
    const auto& expectation = deviation ? deviation->instead : trigger.expectation(profile_.numbering);
    constexpr unsigned attempts = 3;
    Result result;
    for (unsigned i = 0; i < attempts; i++) {
        result = Result();
        result.name = trigger.name;
        if (must_skip(trigger, deviation, std::uint64_t{crew.vcpus} * firings, result)) break;
        if (!leaves_.has(ledger::Leaf::exit_count) && !leaves_.has(ledger::Leaf::total)) {
            result.skip("this host reports no counts");
            break;
        }
        fire_once(trigger, expectation, crew, firings, result);
        if (!is_disturbed(result)) break;
    }
    return result;
}

void Run::run_trigger(const Trigger& trigger, std::uint32_t firings, Result& result) {
    const auto& crew = trigger.boot_vcpu_only ? alone_ : together_;
    samples.start(crew.vcpus, std::uint64_t{firings} * plan_.repeats());
    result = fire_undisturbed(trigger, crew, firings);
    for (std::uint32_t i = 1; i < plan_.repeats() && result.outcome == Outcome::ok; i++)
        join_repeat(result, fire_undisturbed(trigger, crew, firings));
    if (result.measurement) result.measurement->guest = samples.spread();
}

void Run::run_rule(const plan::RuleAudit& rule, std::size_t index, Result& result) {
    if (const auto missing = missing_leaf(rule, leaves_); !missing.empty()) return result.skip(missing);
    if (rule.alone && coverage_.shared) return result.skip("another VM's exits are in the same table");
    if (rule.together && plan_.vcpus() == 1) return result.skip("needs vcpus=2 or more");
    const auto seconds = plan_.seconds(index);
    const Amount amount{plan_.count(index, rule.count), seconds,
                        seconds ? seconds * machine::local_apic.cycles_per_second() : 0};
    rule.run({leaves_, profile_, monotonicity_, amount, seed_, totals_only_, together_, budget_.thorough},
             result);
}

Run::Run(const plan::Plan& plan, const ledger::Profile& profile, ledger::CpuidFunction cpuid)
    : plan_(plan), profile_(profile), leaves_(profile.leaves(cpuid)), budget_(budget_of(plan, profile)),
      coverage_(profile, plan.circumstances().noise), together_{plan.vcpus(), run_together},
      alone_{1, run_alone}, seed_(plan.seed(static_cast<std::uint32_t>(machine::rdtsc()))) {
    if (plan.vcpus() > 1) leaves_.confirm();
    leaves_.watch(monotonicity_);
}

console::Text<240> Run::left_out() const {
    console::Text<240> text;
    if (budget_.thorough) return text;
    text.format("a query costs {} cycles, {} times what CPUID costs: sweeps and repetitions are cut short",
                profile_.cost.query,
                profile_.cost.query / std::max<std::uint64_t>(1, profile_.cost.ordinary));
    if (!budget_.all_rows) text.write(", and of rows that a trigger does not move only the total is read");
    return text;
}

Run::Rows Run::rows() {
    Rows rows{profile_.numbering};
    for (ExitNumber exit = 0; exit < ledger::exit_number_end; exit++)
        if (coverage_.rows[exit]) rows.counts[exit] = leaves_.count(exit);
    rows.total = leaves_.total();
    return rows;
}

std::string_view running() { return running_audit; }

std::span<const Result> Run::audit(void (*on_result)(std::size_t number, const Result& result)) {
    std::size_t number = 0;
    const auto empty = cost_of_nothing();
    machine::rest_others();
    plan::for_each_audit(
        [&](std::size_t index, std::string_view name, const Trigger* trigger, const plan::RuleAudit* rule) {
            if (!plan_.selects(index)) return;
            auto& result = results_[number++];
            result = Result();
            result.name = running_audit = name;
            if (trigger)
                run_trigger(*trigger, plan_.count(index, trigger->count), result);
            else
                run_rule(*rule, index, result);
            if (result.measurement) {
                result.measurement->empty = empty;
                if (trigger) excuse(*trigger, profile_.cost.ordinary, result);
            }
            // Read through another layout, nothing is what its audit takes it for.
            if (!profile_.reads_right() && name != "ledger.layout") result.diagnosis.clear();
            leaves_.cycles(); // so that the total is checked over the whole run
            machine::rest_others();
            on_result(number, result);
        });
    return {results_.data(), number};
}

}
