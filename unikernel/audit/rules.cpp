// The rules of docs/ledger.md, one function each.
#include "audit/rules.hpp"

#include "audit/answer.hpp"
#include "audit/conservation.hpp"
#include "audit/nested_runs.hpp"
#include "audit/other_leaves.hpp"
#include "audit/read_only.hpp"
#include "audit/sweep.hpp"
#include "audit/time.hpp"
#include "audit/time_runs.hpp"

#include <algorithm>
#include <array>

namespace audit {
namespace {

using ledger::ExitNumber;
using ledger::Leaf;
using ledger::Leaves;
using ledger::Numbering;

// Beyond all that either manual's tables reach; AMD's with the edges of its gap.
constexpr ExitNumber svm_undefined[] = {0xa7, 0xff, 0x100, 0x3ff, 0x404, 0x405};
constexpr ExitNumber vmx_table_room = 0x80;
constexpr ExitNumber far_undefined[] = {0x7ff,      0x800,      0x1000,     0xffff,     0x10000,   0x10001,
                                        0x7fffffff, 0x80000000, 0x80000001, 0xfffffffe, 0xffffffff};

// Defined, but in neither kvm_vmx_exit_handlers[] nor svm_exit_handlers[] of any
// Linux this project has a series for.
constexpr ExitNumber vmx_not_enabled[] = {3,  4,  5,  6,  11, 16, 17, 33, 34, 51, 63,
                                          64, 65, 66, 69, 70, 72, 73, 78, 79, 80, 81};
constexpr ExitNumber svm_not_enabled[] = {0x01, 0x02, 0x12, 0x28, 0x40, 0x63, 0x66, 0x67, 0x68,
                                          0x6a, 0x6b, 0x6e, 0x70, 0x71, 0x75, 0x7e, 0x88};

// Calls `visit(leaf's number)` for each leaf that takes an exit number.
template <typename Visit>
void for_each_exit_leaf(const Bench& bench, Visit visit)
{
    const auto& layout = bench.leaves.layout();
    visit(layout.exit_count);
    if (layout.has(Leaf::exit_cycles))
        visit(layout.exit_cycles);
    if (bench.probe.revision) {
        visit(layout.number(Leaf::inside));
        visit(layout.number(Leaf::extremes));
    }
}

// The answers that one rule was broken by.
class Wrong {
public:
    void add(ledger::Leaves& leaves, ExitNumber exit, const ledger::CpuidRegisters& seen)
    {
        numbers_ += numbers_ == 0 || exit != last_;
        last_ = exit;
        answers_++;
        zeros_ += seen == zeros;
        marks_ += seen == undefined_mark;
        wrong_marks_ +=
            seen.edx != 0 && seen == ledger::CpuidRegisters{0, 0, 0, seen.edx} && seen != undefined_mark;
        dirty_marks_ += seen.edx == undefined_mark.edx && seen != undefined_mark;
        ordinary_ = ordinary_ || is_ordinary(leaves, exit, seen);
    }

    unsigned answers() const { return answers_; }
    bool zeros_only() const { return zeros_ == answers_; }
    bool marks_only() const { return marks_ == answers_; }
    bool wrong_marks() const { return wrong_marks_ != 0; }
    bool dirty_marks() const { return dirty_marks_ != 0; }
    bool garbage() const { return zeros_ + marks_ + wrong_marks_ + dirty_marks_ != answers_; }
    bool ordinary() const { return ordinary_; }

    /// Is it this number alone?
    bool only(ExitNumber exit) const { return numbers_ == 1 && last_ == exit; }
    bool one_number() const { return numbers_ == 1; }
    ExitNumber last() const { return last_; }

private:
    unsigned numbers_ = 0, answers_ = 0, zeros_ = 0, marks_ = 0, wrong_marks_ = 0, dirty_marks_ = 0;
    bool ordinary_ = false;
    ExitNumber last_ = 0;
};

constexpr std::string_view bound_off_by_one =
    "this one number, just behind the host's table, is answered from what lies there: "
    "its bound is tested with > where >= is due";

void layout(const Bench& bench, Result& result)
{
    const auto& probe = bench.probe;
    if (probe.layout != probe.detected) {
        result.fail("layout={} was told, but the leaves answer as layout {}'s do", probe.layout->name,
                    probe.detected->name);
        result.diagnose(
            "the plan's layout= is wrong for this host: leave it out, or tell the one named here");
        return;
    }
    result.message.format("layout {}, {}", probe.layout->name,
                          probe.layout_told ? "as told: the leaves agree"
                                            : "by what grows and what marks undefined numbers");
}

void diagnose_undefined(const Bench& bench, const Wrong& wrong, unsigned asked, Result& result)
{
    const auto& leaves = bench.leaves;
    if (bench.probe.edition.last != bench.probe.detected_edition.last) {
        result.diagnose("the plan's sdm= is wrong for this host, or its table of defined exit numbers is");
        return;
    }
    if (wrong.ordinary())
        result.show(Symptom::ordinary_data);
    if (wrong.wrong_marks())
        result.show(Symptom::undefined_wrong_mark);
    if (wrong.dirty_marks())
        result.show(Symptom::leftovers);
    if (wrong.garbage())
        result.show(Symptom::undefined_garbage);
    if (wrong.answers() == asked && !wrong.wrong_marks() && !wrong.dirty_marks())
        result.show(Symptom::undefined_never_marked);
    if (wrong.one_number() && leaves.defines(wrong.last() - 1) && !leaves.defines(wrong.last() + 1)) {
        result.diagnose(bound_off_by_one);
        result.show(Symptom::past_the_table);
    } else if (wrong.zeros_only()) {
        result.diagnose("undefined exit numbers are answered as if they were merely not enabled");
        result.show(Symptom::undefined_as_not_enabled);
    } else {
        result.diagnose("the rule for undefined exit numbers (EDX all ones, the rest 0) is not kept");
    }
}

void undefined(const Bench& bench, Result& result)
{
    auto& leaves = bench.leaves;
    unsigned numbers = 0, asked = 0;
    Wrong wrong;
    std::array<unsigned, KVM_EXIT_LEDGER_LEAF_LAST - KVM_EXIT_LEDGER_LEAF_EXTREMES + 1> wrong_by_leaf{};
    const auto check = [&](ExitNumber exit) {
        numbers++;
        for_each_exit_leaf(bench, [&](std::uint32_t leaf) {
            asked++;
            const auto seen = leaves.query(leaf, exit);
            if (judge_answer(leaf, exit, undefined_mark, seen, result))
                return;
            wrong.add(leaves, exit, seen);
            wrong_by_leaf[leaf - KVM_EXIT_LEDGER_LEAF_EXTREMES]++;
        });
    };
    if (leaves.numbering() == Numbering::vmx) {
        for (ExitNumber exit = 0; exit < vmx_table_room; exit++)
            if (!leaves.defines(exit))
                check(exit);
    } else {
        std::ranges::for_each(svm_undefined, check);
    }
    std::ranges::for_each(far_undefined, check);

    if (result.verdict != Verdict::ok) {
        if (wrong.answers() < asked && std::ranges::find(wrong_by_leaf, numbers) != wrong_by_leaf.end())
            result.show(Symptom::leaf_unmarked);
        diagnose_undefined(bench, wrong, asked, result);
        return;
    }
    result.message.format("{} exit numbers answer EDX=0xffffffff", numbers);
    if (!leaves.edition().is_current())
        result.message.format(", by an edition of Intel's manual that ends with exit reason {}",
                              leaves.edition().last);
}

void not_enabled(const Bench& bench, Result& result)
{
    auto& leaves = bench.leaves;
    const bool vmx = leaves.numbering() == Numbering::vmx;
    const std::span<const ExitNumber> exits =
        vmx ? std::span<const ExitNumber>(vmx_not_enabled) : svm_not_enabled;
    unsigned numbers = 0;
    Wrong wrong;
    for (const auto exit : exits) {
        if (!leaves.defines(exit))
            continue;
        numbers++;
        for_each_exit_leaf(bench, [&](std::uint32_t leaf) {
            const auto seen = leaves.query(leaf, exit);
            if (!judge_answer(leaf, exit, zeros, seen, result))
                wrong.add(leaves, exit, seen);
        });
    }
    if (result.verdict == Verdict::ok) {
        result.message.format("{} exit numbers that KVM does not handle answer zeros", numbers);
        return;
    }
    if (wrong.ordinary())
        result.show(Symptom::ordinary_data);
    if (wrong.marks_only()) {
        result.diagnose("exits that KVM does not handle are answered as if they were undefined");
        result.show(Symptom::not_enabled_as_undefined);
    } else if (wrong.only(leaves.edition().last) && vmx) {
        result.diagnose(bound_off_by_one);
        result.show(Symptom::past_the_table);
    } else {
        result.diagnose("exits that KVM does not handle must answer zeros in all four registers");
        result.show(Symptom::not_enabled_garbage);
    }
}

void registers_clean(const Bench& bench, Result& result)
{
    auto& leaves = bench.leaves;
    const auto& layout = leaves.layout();
    unsigned checked = 0;
    const auto check = [&](std::uint32_t leaf, ExitNumber exit) {
        checked++;
        const auto seen = leaves.query_raw(leaf, exit);
        const auto& registers = bench.probe.registers;
        // What is only left beside a value is no mark.
        if (judge_hole(leaf, exit, registers.clean(leaf, exit, true, seen), result) &&
            !judge_registers(layout, leaf, exit, seen, result) &&
            is_ordinary(leaves, exit, seen, ledger::value_registers(layout, leaf)))
            result.show(Symptom::ordinary_data);
    };
    for (ExitNumber exit = 0; exit < ledger::exit_number_end; exit++) {
        if (!leaves.defines(exit))
            continue;
        for (auto leaf = KVM_EXIT_LEDGER_LEAF_TOTAL; leaf <= KVM_EXIT_LEDGER_LEAF_LAST; leaf++)
            if (ledger::value_registers(layout, leaf) != zeros)
                check(leaf, exit);
    }
    if (result.verdict == Verdict::ok && !bench.probe.registers.is_clean()) {
        result.fail("where an answer is no value, registers carry something");
        result.show(Symptom::leftovers);
        result.diagnose("all four registers must be set, most of them to 0");
    }
    if (result.verdict == Verdict::ok)
        result.message.format("{} answers carry nothing but their value", checked);
    else if (leaves.query(Leaf::exit_count, ledger::cpuid_exit(leaves.numbering())) == undefined_mark)
        result.show(Symptom::defined_as_undefined);
}

// How many back-to-back pairs of counts of CPUID exits did not differ by 1, and by what at least and at most.
struct Pairs {
    unsigned wrong = 0;
    std::uint32_t least = ~0u, most = 0;

    void add(std::uint32_t growth)
    {
        wrong += growth != 1;
        least = std::min(least, growth);
        most = std::max(most, growth);
    }
};

void diagnose_self_count(const Pairs& pairs, Result& result)
{
    if (pairs.least == pairs.most && pairs.most == 0) {
        result.diagnose("a query does not count itself");
        result.show(Symptom::self_count_none);
    } else if (pairs.least == pairs.most) {
        result.diagnose("a query counts itself more than once");
        result.show(Symptom::self_count_twice);
    } else if (pairs.most == 1) {
        result.diagnose("now and then a query is not counted");
        result.show(Symptom::self_count_lost);
    } else {
        result.diagnose(
            "CPUID exits are counted that this vCPU did not cause, or a query counts itself more than once");
        result.show(Symptom::count_unsteady);
    }
}

void self_count(const Bench& bench, Result& result)
{
    auto& leaves = bench.leaves;
    constexpr unsigned pairs = 1000;
    const auto cpuid = ledger::cpuid_exit(leaves.numbering());
    Pairs seen;
    std::uint32_t least_total_growth = ~0u;
    for (unsigned i = 0; i < pairs; i++) {
        const auto before = leaves.count(cpuid);
        const auto growth = leaves.count(cpuid) - before;
        seen.add(growth);
        // The host's own exits may come between, so only the least growth tells.
        const auto total = leaves.total();
        least_total_growth = std::min(least_total_growth, leaves.total() - total);
    }
    if (seen.wrong != 0) {
        result.fail("back-to-back counts of CPUID exits differ by {} to {}, {} of {} not by 1", seen.least,
                    seen.most, seen.wrong, pairs);
        diagnose_self_count(seen, result);
    } else if (least_total_growth != 1) {
        result.fail("back-to-back totals differ by at least {}, not by 1", least_total_growth);
        result.diagnose("the total counts a query otherwise than the CPUID exit's own row does");
        result.show(least_total_growth == 0 ? Symptom::total_over_rows : Symptom::count_unsteady);
    } else {
        result.message.format("{} back-to-back pairs differ by 1", pairs);
    }
}

// Exits of a kind cannot come between the two reads unless the host causes them; a few tries tell.
bool same_count(Leaves& leaves, ExitNumber exit)
{
    constexpr unsigned tries = 10;
    const std::uint32_t own = exit == ledger::cpuid_exit(leaves.numbering());
    for (unsigned i = 0; i < tries; i++) {
        const auto count = leaves.count(exit);
        const auto r = leaves.query(Leaf::inside, exit);
        if (r.eax - count == own)
            return true;
    }
    return false;
}

void own_leaves(const Bench& bench, Result& result)
{
    auto& leaves = bench.leaves;
    if (!bench.probe.revision) {
        result.skip("this host has the assignment's leaves alone");
        return;
    }
    if (!judge_answer(KVM_EXIT_LEDGER_LEAF_REVISION, 0,
                      {KVM_EXIT_LEDGER_REVISION, static_cast<std::uint32_t>(leaves.numbering()), 0, 0},
                      leaves.query(Leaf::revision), result))
        result.show(Symptom::leftovers);
    unsigned rows = 0;
    for (ExitNumber exit = 0; exit < ledger::exit_number_end; exit++) {
        if (!leaves.defines(exit))
            continue;
        rows++;
        if (!same_count(leaves, exit)) {
            result.fail("leaves {:x} and {:x} tell different counts of exit {:x}",
                        KVM_EXIT_LEDGER_LEAF_EXIT_COUNT, KVM_EXIT_LEDGER_LEAF_INSIDE, exit);
            result.show(Symptom::count_unsteady);
            result.diagnose(
                "the count beside the time inside KVM is another counter, or in the wrong registers");
        }
        const auto extremes = leaves.extremes(exit);
        if (extremes.shortest > extremes.longest || (extremes.longest != 0 && extremes.shortest == 0)) {
            result.fail("exit {:x}: shortest {} cycles, longest {}", exit, extremes.shortest,
                        extremes.longest);
            if (leaves.query(Leaf::extremes, exit) == undefined_mark)
                result.show(Symptom::hole);
            result.diagnose(
                "the shortest or the longest time is not kept with each exit, or its words are swapped");
        }
    }
    if (result.verdict == Verdict::ok)
        result.message.format("{} rows agree with the assignment's leaves", rows);
}

void conservation(const Bench& bench, Result& result)
{
    judge_conservation(bench.leaves, bench.totals_only, result);
}

constexpr std::uint32_t random_pairs = 1000;

constexpr RuleAudit audits[] = {
    {"ledger.layout", "the leaves are those of the layout that the guest reads by", layout},
    {"ledger.undefined", "numbers that no manual defines answer EDX=0xffffffff", undefined},
    {"ledger.not-enabled", "numbers that KVM does not handle answer zeros", not_enabled},
    {"ledger.registers-clean", "no register carries anything but its value", registers_clean},
    {"ledger.sweep", "every leaf keeps the rules for any ECX", sweep, random_pairs},
    {"ledger.other-leaves", "leaves that are not the ledger's answer as without one", judge_other_leaves},
    {"ledger.own-leaves", "counts agree between leaves, shortest is not above longest", own_leaves},
    {"ledger.self-count", "a query counts itself once", self_count},
    {"ledger.read-only", "a query changes nothing but CPUID's row and the totals", judge_read_only},
    {"ledger.nested", "a nested guest reads its VM's ledger, and its query counts once", run_nested_queries},
    {"ledger.conservation", "the rows add up to the totals", conservation},
    {"time.definition", "what the host's time of an exit includes", run_definition},
    {"time.hlt", "a HLT's wait is in its time, and not in its time inside KVM", run_hlt},
    {"time.extremes", "shortest and longest agree with what was seen", run_extremes},
    {"time.window", "exits take no longer than passes meanwhile", run_window},
    {"time.query-cost", "a query costs about what CPUID does", run_query_cost},
    {"time.monotonic", "no value that the run has read ever goes back", judge_monotony},
};

}

std::span<const RuleAudit> rule_audits() { return audits; }

}
