// The rules of docs/ledger.md, one function each.
#include "audit/rules.hpp"

#include "audit/conservation.hpp"
#include "ledger/exit_names.hpp"

#include <algorithm>
#include <array>

namespace audit {
namespace {

using ledger::CpuidRegisters;
using ledger::ExitNumber;
using ledger::Leaf;
using ledger::Leaves;
using ledger::Numbering;
using ledger::Probe;

// Undefined by every edition of either manual, with the holes in Intel's table.
constexpr ExitNumber vmx_undefined[] = {35, 38, 42, 86, 87, 0x7f};
constexpr ExitNumber svm_undefined[] = {0xa7, 0xff, 0x100, 0x3ff, 0x404, 0x405};
constexpr ExitNumber far_undefined[] = {0x7ff,      0x800,      0x1000,     0xffff,     0x10000,   0x10001,
                                        0x7fffffff, 0x80000000, 0x80000001, 0xfffffffe, 0xffffffff};

// Defined, but in neither kvm_vmx_exit_handlers[] nor svm_exit_handlers[] of any
// Linux this project has a series for.
constexpr ExitNumber vmx_not_enabled[] = {3, 4, 5, 6, 11, 16, 17, 33, 34, 51, 63, 64};
constexpr ExitNumber svm_not_enabled[] = {0x01, 0x02, 0x12, 0x28, 0x40, 0x63, 0x66, 0x67, 0x68, 0x6a,
                                          0x6b, 0x6e, 0x70, 0x71, 0x75, 0x7e, 0x88};

constexpr Leaf assignment_leaves[] = {Leaf::exit_count, Leaf::exit_cycles};
constexpr Leaf all_exit_leaves[] = {Leaf::exit_count, Leaf::exit_cycles, Leaf::inside, Leaf::extremes};

std::span<const Leaf> exit_leaves(const Probe& probe)
{
    return probe.revision ? std::span<const Leaf>(all_exit_leaves) : assignment_leaves;
}

// Compares one answer with what the rules say it is; true if they agree.
bool answers(Leaves& leaves, Leaf leaf, ExitNumber exit, const CpuidRegisters& expected, Result& result)
{
    const auto seen = leaves.query(leaf, exit);
    if (seen == expected)
        return true;
    result.fail("leaf {:x} ecx {:x}: expected {:x} {:x} {:x} {:x}, seen {:x} {:x} {:x} {:x}",
                static_cast<std::uint32_t>(leaf), exit, expected.eax, expected.ebx, expected.ecx, expected.edx, seen.eax,
                seen.ebx, seen.ecx, seen.edx);
    return false;
}

constexpr CpuidRegisters undefined_mark{0, 0, 0, KVM_EXIT_LEDGER_UNDEFINED_EDX};
constexpr CpuidRegisters zeros{0, 0, 0, 0};

void undefined(Leaves& leaves, const Probe& probe, Result& result)
{
    const bool vmx = leaves.numbering() == Numbering::vmx;
    unsigned numbers = 0;
    const auto check = [&](std::span<const ExitNumber> exits) {
        for (const auto exit : exits) {
            numbers++;
            for (const auto leaf : exit_leaves(probe))
                if (!answers(leaves, leaf, exit, undefined_mark, result))
                    result.diagnose(leaves.query(leaf, exit) == zeros
                                        ? "undefined exit numbers are answered as if they were merely not enabled"
                                        : "the rule for undefined exit numbers (EDX all ones, the rest 0) is not kept");
        }
    };
    check(vmx ? std::span<const ExitNumber>(vmx_undefined) : svm_undefined);
    check(far_undefined);
    if (result.verdict == Verdict::ok)
        result.message.format("{} exit numbers answer EDX=0xffffffff", numbers);
}

void not_enabled(Leaves& leaves, const Probe& probe, Result& result)
{
    const bool vmx = leaves.numbering() == Numbering::vmx;
    const std::span<const ExitNumber> exits = vmx ? std::span<const ExitNumber>(vmx_not_enabled) : svm_not_enabled;
    for (const auto exit : exits)
        for (const auto leaf : exit_leaves(probe))
            if (!answers(leaves, leaf, exit, zeros, result))
                result.diagnose(leaves.query(leaf, exit) == undefined_mark
                                    ? "exits that KVM does not handle are answered as if they were undefined"
                                    : "exits that KVM does not handle must answer zeros in all four registers");
    if (result.verdict == Verdict::ok)
        result.message.format("{} exit numbers that KVM does not handle answer zeros", exits.size());
}

// Which registers may carry a value, for each leaf of the assignment.
struct CleanRule {
    Leaf leaf;
    CpuidRegisters mask; // all ones: may carry a value
};

constexpr CleanRule clean_rules[] = {
    {Leaf::total, {~0u, 0, 0, 0}},
    {Leaf::cycles, {0, ~0u, ~0u, 0}},
    {Leaf::exit_count, {~0u, 0, 0, 0}},
    {Leaf::exit_cycles, {0, ~0u, ~0u, 0}},
};

void check_clean(Leaves& leaves, const CleanRule& rule, ExitNumber exit, Result& result)
{
    const auto r = leaves.query(rule.leaf, exit);
    const auto& may = rule.mask;
    if ((r.eax & ~may.eax) | (r.ebx & ~may.ebx) | (r.ecx & ~may.ecx) | (r.edx & ~may.edx)) {
        result.fail("leaf {:x} ecx {:x}: leftovers in {:x} {:x} {:x} {:x}", static_cast<std::uint32_t>(rule.leaf), exit,
                    r.eax, r.ebx, r.ecx, r.edx);
        result.diagnose("a register that the leaf does not define is left unwritten and leaks what the host had in it");
    }
}

void registers_clean(Leaves& leaves, const Probe& probe, Result& result)
{
    unsigned checked = 0;
    for (ExitNumber exit = 0; exit < ledger::exit_number_end; exit++) {
        if (!ledger::is_defined(leaves.numbering(), exit))
            continue;
        for (const auto& rule : clean_rules) {
            check_clean(leaves, rule, exit, result);
            checked++;
        }
    }
    if (probe.revision)
        for (std::uint32_t leaf = KVM_EXIT_LEDGER_LEAF_REVISION + 1; leaf < KVM_EXIT_LEDGER_LEAF_EXTREMES; leaf++) {
            answers(leaves, static_cast<Leaf>(leaf), 0, zeros, result);
            checked++;
        }
    if (result.verdict == Verdict::ok)
        result.message.format("{} answers carry nothing but their value", checked);
}

void self_count(Leaves& leaves, const Probe&, Result& result)
{
    constexpr unsigned pairs = 1000;
    const auto cpuid = ledger::cpuid_exit(leaves.numbering());
    std::uint32_t least_total_growth = ~0u;
    for (unsigned i = 0; i < pairs; i++) {
        const auto before = leaves.count(cpuid);
        const auto growth = leaves.count(cpuid) - before;
        if (growth != 1) {
            result.fail("back-to-back counts of CPUID exits differ by {}, not by 1", growth);
            result.diagnose(growth == 0 ? "a query does not count itself" : "a query counts itself more than once");
            return;
        }
        // The host's own exits may come between, so only the least growth tells.
        const auto total = leaves.total();
        least_total_growth = std::min(least_total_growth, leaves.total() - total);
    }
    if (least_total_growth != 1) {
        result.fail("back-to-back totals differ by at least {}, not by 1", least_total_growth);
        result.diagnose("the total counts a query otherwise than the CPUID exit's own row does");
        return;
    }
    result.message.format("{} back-to-back pairs differ by 1", pairs);
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

void own_leaves(Leaves& leaves, const Probe& probe, Result& result)
{
    if (!probe.revision) {
        result.skip("this host has the assignment's leaves alone");
        return;
    }
    answers(leaves, Leaf::revision, 0, {KVM_EXIT_LEDGER_REVISION, static_cast<std::uint32_t>(leaves.numbering()), 0, 0}, result);
    unsigned rows = 0;
    for (ExitNumber exit = 0; exit < ledger::exit_number_end; exit++) {
        if (!ledger::is_defined(leaves.numbering(), exit))
            continue;
        rows++;
        if (!same_count(leaves, exit)) {
            result.fail("leaves {:x} and {:x} tell different counts of exit {:x}", KVM_EXIT_LEDGER_LEAF_EXIT_COUNT,
                        KVM_EXIT_LEDGER_LEAF_INSIDE, exit);
            result.diagnose("the count beside the time inside KVM is another counter, or in the wrong registers");
        }
        const auto extremes = leaves.extremes(exit);
        if (extremes.shortest > extremes.longest || (extremes.longest != 0 && extremes.shortest == 0)) {
            result.fail("exit {:x}: shortest {} cycles, longest {}", exit, extremes.shortest, extremes.longest);
            result.diagnose("the shortest or the longest time is not kept with each exit, or its words are swapped");
        }
    }
    if (result.verdict == Verdict::ok)
        result.message.format("{} rows agree with the assignment's leaves", rows);
}

void conservation(Leaves& leaves, const Probe&, Result& result)
{
    judge_conservation(leaves, result);
}

constexpr RuleAudit audits[] = {
    {"ledger.undefined", "numbers that no manual defines answer EDX=0xffffffff", undefined},
    {"ledger.not-enabled", "numbers that KVM does not handle answer zeros", not_enabled},
    {"ledger.registers-clean", "no register carries anything but its value", registers_clean},
    {"ledger.own-leaves", "counts agree between leaves, shortest is not above longest", own_leaves},
    {"ledger.self-count", "a query counts itself once", self_count},
    {"ledger.conservation", "the rows add up to the totals", conservation},
};

}

std::span<const RuleAudit> rule_audits()
{
    return audits;
}

}
