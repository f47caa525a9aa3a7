// The rules for undefined and not-enabled exit numbers, and for registers without a value.
#include "audit/rules/rules.hpp"

#include "audit/rules/answer.hpp"

#include <algorithm>
#include <array>

namespace audit {
namespace {

using ledger::ExitNumber;
using ledger::Leaf;
using ledger::Numbering;

// Beyond both manuals' tables; AMD's includes the edges of its gap.
constexpr ExitNumber svm_undefined[] = {0xa7, 0xff, 0x100, 0x3ff, 0x404, 0x405};
constexpr ExitNumber vmx_table_room = 0x80;
constexpr ExitNumber far_undefined[] = {0x7ff,      0x800,      0x1000,     0xffff,     0x10000,   0x10001,
                                        0x7fffffff, 0x80000000, 0x80000001, 0xfffffffe, 0xffffffff};

// Defined, but without a handler in any Linux that there is a series for (kvm_vmx_exit_handlers[],
// svm_exit_handlers[]).
constexpr ExitNumber vmx_not_enabled[] = {3,  4,  5,  6,  11, 16, 17, 33, 34, 51, 63,
                                          64, 65, 66, 69, 70, 72, 73, 78, 79, 80, 81};
constexpr ExitNumber svm_not_enabled[] = {0x01, 0x02, 0x12, 0x28, 0x40, 0x63, 0x66, 0x67,
                                          0x68, 0x6a, 0x6b, 0x6e, 0x70, 0x71, 0x75, 0x7e};

// Calls `visit(leaf's number)` for each leaf that takes an exit number.
template <typename Visit> void for_each_exit_leaf(const Bench& bench, Visit visit) {
    const auto& layout = bench.leaves.layout();
    for (const auto leaf : {layout.exit_count, layout.exit_cycles})
        if (leaf != 0) visit(leaf);
    if (bench.profile.revision) {
        visit(layout.number(Leaf::inside));
        visit(layout.number(Leaf::extremes));
    }
}

bool takes_exits(const ledger::Leaves& leaves) {
    return leaves.has(Leaf::exit_count) || leaves.has(Leaf::exit_cycles);
}

// Answers that break one rule.
class Wrong {
public:
    void add(ledger::Leaves& leaves, ExitNumber exit, const ledger::CpuidRegisters& seen) {
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

void diagnose_undefined(const Bench& bench, const Wrong& wrong, unsigned asked, Result& result) {
    const auto& leaves = bench.leaves;
    if (bench.profile.edition.last != bench.profile.detected_edition.last) {
        result.diagnose("the plan's sdm= is wrong for this host, or its table of defined exit numbers is");
        return;
    }
    if (wrong.ordinary()) result.show(Symptom::ordinary_data);
    if (wrong.wrong_marks()) result.show(Symptom::undefined_wrong_mark);
    if (wrong.dirty_marks()) result.show(Symptom::leftovers);
    if (wrong.garbage()) result.show(Symptom::undefined_garbage);
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

}

void judge_undefined(const Bench& bench, Result& result) {
    auto& leaves = bench.leaves;
    if (!takes_exits(leaves)) return result.skip("no leaf of this host takes an exit number");
    unsigned numbers = 0, asked = 0;
    Wrong wrong;
    std::array<unsigned, KVM_EXIT_LEDGER_LEAF_LAST - KVM_EXIT_LEDGER_LEAF_EXTREMES + 1> wrong_by_leaf{};
    const auto check = [&](ExitNumber exit) {
        numbers++;
        for_each_exit_leaf(bench, [&](std::uint32_t leaf) {
            asked++;
            const auto seen = leaves.query(leaf, exit);
            if (judge_answer(leaf, exit, undefined_mark, seen, result)) return;
            wrong.add(leaves, exit, seen);
            wrong_by_leaf[leaf - KVM_EXIT_LEDGER_LEAF_EXTREMES]++;
        });
    };
    if (leaves.numbering() == Numbering::vmx) {
        for (ExitNumber exit = 0; exit < vmx_table_room; exit++)
            if (!leaves.defines(exit)) check(exit);
    } else {
        std::ranges::for_each(svm_undefined, check);
    }
    std::ranges::for_each(far_undefined, check);

    if (result.outcome != Outcome::ok) {
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

void judge_not_enabled(const Bench& bench, Result& result) {
    auto& leaves = bench.leaves;
    if (!takes_exits(leaves)) return result.skip("no leaf of this host takes an exit number");
    const bool vmx = leaves.numbering() == Numbering::vmx;
    const std::span<const ExitNumber> exits =
        vmx ? std::span<const ExitNumber>(vmx_not_enabled) : svm_not_enabled;
    unsigned numbers = 0;
    bool behind_table = false;
    Wrong wrong;
    for (const auto exit : exits) {
        if (!leaves.defines(exit)) continue;
        numbers++;
        for_each_exit_leaf(bench, [&](std::uint32_t leaf) {
            const auto seen = leaves.query(leaf, exit);
            if (judge_answer(leaf, exit, zeros, seen, result)) return;
            if (bench.profile.moving.contains(exit))
                behind_table = true;
            else
                wrong.add(leaves, exit, seen);
        });
    }
    if (behind_table) result.show(Symptom::past_the_table);
    if (result.outcome == Outcome::ok) {
        result.message.format("{} exit numbers that KVM does not handle answer zeros", numbers);
        return;
    }
    if (wrong.ordinary()) result.show(Symptom::ordinary_data);
    if (wrong.answers() == 0) {
        result.diagnose(bound_off_by_one);
    } else if (wrong.marks_only()) {
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

void judge_registers_clean(const Bench& bench, Result& result) {
    auto& leaves = bench.leaves;
    const auto& layout = leaves.layout();
    unsigned checked = 0;
    const auto check = [&](std::uint32_t leaf, ExitNumber exit) {
        checked++;
        const auto seen = leaves.query_raw(leaf, exit);
        const auto& registers = bench.profile.registers;
        // EDX left set beside a value is not the mark.
        if (judge_hole(leaf, exit, registers.clean(leaf, exit, true, seen), result) &&
            !judge_registers(layout, leaf, exit, seen, result) &&
            is_ordinary(leaves, exit, seen, ledger::value_registers(layout, leaf)))
            result.show(Symptom::ordinary_data);
    };
    for (ExitNumber exit = 0; exit < ledger::exit_number_end; exit++) {
        if (!leaves.defines(exit)) continue;
        for (auto leaf = KVM_EXIT_LEDGER_LEAF_TOTAL; leaf <= KVM_EXIT_LEDGER_LEAF_LAST; leaf++)
            if (ledger::value_registers(layout, leaf) != zeros) check(leaf, exit);
    }
    if (result.outcome == Outcome::ok && !bench.profile.registers.is_clean()) {
        result.fail("where an answer is no value, registers carry something");
        result.show(Symptom::leftovers);
        result.diagnose("all four registers must be set, most of them to 0");
    }
    if (result.outcome == Outcome::ok)
        result.message.format("{} answers carry nothing but their value", checked);
    else if (leaves.query(Leaf::exit_count, ledger::cpuid_exit(leaves.numbering())) == undefined_mark &&
             leaves.query(Leaf::exit_count, 0) == undefined_mark) // a short table has this row
        result.show(Symptom::defined_as_undefined);
}

}
