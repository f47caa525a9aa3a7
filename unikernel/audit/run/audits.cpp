// The table of the audits of rules.
#include "audit/rules/rules.hpp"
#include "audit/rules/time.hpp"
#include "audit/run/runs.hpp"

namespace audit {
namespace {

using ledger::Leaf;

// Random choices, queries and exits by default.
constexpr std::uint32_t random_pairs = 1000, vcpu_queries = 3000, vcpu_exits = 5000;

constexpr plan::RuleAudit table[] = {
    {"ledger.layout", "the leaves are those of the layout that the guest reads by", judge_layout},
    {"ledger.undefined", "numbers that no manual defines answer EDX=0xffffffff", judge_undefined},
    {"ledger.not-enabled", "numbers that KVM does not handle answer zeros", judge_not_enabled},
    {"ledger.registers-clean", "no register carries anything but its value", judge_registers_clean},
    {"ledger.sweep", "every leaf keeps the rules for any ECX", judge_sweep, {}, random_pairs},
    {"ledger.other-leaves", "leaves that are not the ledger's answer as without one", judge_other_leaves},
    {"ledger.scope", "the counters count the exits of this VM alone", judge_scope},
    {"ledger.own-leaves", "counts agree between leaves, shortest is not above longest", judge_own_leaves},
    {.name = "ledger.self-count",
     .what = "a query counts itself once",
     .run = judge_self_count,
     .alone = true},
    {.name = "ledger.read-only",
     .what = "a query changes nothing but CPUID's row and the totals",
     .run = judge_read_only,
     .needs = {Leaf::exit_count},
     .alone = true},
    {.name = "ledger.nested",
     .what = "a nested guest reads its VM's ledger, and its query counts once",
     .run = run_nested_queries,
     .needs = {Leaf::exit_count},
     .alone = true},
    {.name = "ledger.conservation",
     .what = "the rows add up to the totals",
     .run = judge_conservation,
     .needs = {Leaf::total, Leaf::exit_count},
     .alone = true},
    {.name = "time.definition",
     .what = "what the host's time of an exit includes",
     .run = run_definition,
     .alone = true},
    {.name = "time.hlt",
     .what = "a HLT's wait is in its time, and not in its time inside KVM",
     .run = run_hlt,
     .needs = {Leaf::cycles, Leaf::exit_cycles},
     .alone = true},
    {.name = "time.extremes",
     .what = "shortest and longest agree with what was seen",
     .run = run_extremes,
     .needs = {Leaf::exit_cycles},
     .alone = true},
    {.name = "time.window",
     .what = "exits take no longer than passes meanwhile",
     .run = run_window,
     .alone = true},
    {"time.query-cost", "a query costs about what CPUID does", judge_query_cost},
    {"time.monotonic", "no value that the run has read ever goes back", judge_monotonicity},
    {"smp.own-answers",
     "queries of several vCPUs at once get each its own answer",
     judge_own_answers,
     {Leaf::exit_count},
     vcpu_queries,
     true},
    {"smp.soak",
     "no exit is lost while all vCPUs exit at once",
     judge_soak,
     {Leaf::exit_count},
     vcpu_exits,
     true,
     true,
     true},
};

}

}

namespace plan {

std::span<const RuleAudit> rule_audits() { return audit::table; }

}
