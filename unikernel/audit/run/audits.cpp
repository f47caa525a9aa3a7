// The table of the audits of rules.
#include "audit/rules/rules.hpp"
#include "audit/rules/time.hpp"
#include "audit/run/runs.hpp"

namespace audit {
namespace {

using ledger::Leaf;
using plan::RuleAudit;

// Defaults: random choices, queries, exits.
constexpr std::uint32_t random_pairs = 1000, vcpu_queries = 3000, vcpu_exits = 5000;

// Cannot be judged where another VM's exits are in the same table.
constexpr bool alone = true;

constexpr RuleAudit table[] = {
    RuleAudit("ledger.layout", "the leaves are those of the layout that the guest reads by", judge_layout),
    RuleAudit("ledger.undefined", "numbers that no manual defines answer EDX=0xffffffff", judge_undefined),
    RuleAudit("ledger.not-enabled", "numbers that KVM does not handle answer zeros", judge_not_enabled),
    RuleAudit("ledger.registers-clean", "no register carries anything but its value", judge_registers_clean),
    RuleAudit("ledger.sweep", "every leaf keeps the rules for any ECX", judge_sweep, {}, false, random_pairs),
    RuleAudit("ledger.other-leaves", "leaves that are not the ledger's answer as without one",
              judge_other_leaves),
    RuleAudit("ledger.scope", "the counters count the exits of this VM alone", judge_scope),
    RuleAudit("ledger.own-leaves", "counts agree between leaves, shortest is not above longest",
              judge_own_leaves),
    RuleAudit("ledger.self-count", "a query counts itself once", judge_self_count, {}, alone),
    RuleAudit("ledger.read-only", "a query changes nothing but CPUID's row and the totals", judge_read_only,
              {Leaf::exit_count}, alone),
    RuleAudit("ledger.nested", "a nested guest reads its VM's ledger, and its query counts once",
              run_nested_queries, {Leaf::exit_count}, alone),
    RuleAudit("ledger.conservation", "the rows add up to the totals", judge_conservation,
              {Leaf::total, Leaf::exit_count}, alone),
    RuleAudit("time.definition", "what the host's time of an exit includes", run_definition, {}, alone),
    RuleAudit("time.hlt", "a HLT's wait is in its time, and not in its time inside KVM", run_hlt,
              {Leaf::cycles, Leaf::exit_cycles}, alone),
    RuleAudit("time.extremes", "shortest and longest agree with what was seen", run_extremes,
              {Leaf::exit_cycles}, alone),
    RuleAudit("time.histogram", "buckets add up to the count, and a known delay is in its own", run_histogram,
              {Leaf::exit_count, Leaf::exit_cycles}, alone),
    RuleAudit("time.window", "exits take no longer than passes meanwhile", run_window, {}, alone),
    RuleAudit("time.query-cost", "a query costs about what CPUID does", judge_query_cost),
    RuleAudit("time.monotonic", "no value that the run has read ever goes back", judge_monotonicity),
    RuleAudit("smp.own-answers", "queries of several vCPUs at once get each its own answer",
              judge_own_answers, {Leaf::exit_count}, false, vcpu_queries, true),
    RuleAudit("smp.soak", "no exit is lost while all vCPUs exit at once", judge_soak, {Leaf::exit_count},
              alone, vcpu_exits, true, true),
};

}

}

namespace plan {
std::span<const RuleAudit> rule_audits() { return audit::table; }

}
