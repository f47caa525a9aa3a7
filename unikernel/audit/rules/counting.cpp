// The rules for layout, scope, counting of queries, and this project's own leaves.
#include "audit/rules/rules.hpp"

#include "audit/rules/answer.hpp"
#include "ledger/exit_names.hpp"

#include <algorithm>

namespace audit {
namespace {

using ledger::ExitNumber;
using ledger::Leaf;
using ledger::Leaves;

// Growth between back-to-back counts of CPUID exits: how often it was not 1, and its limits.
struct Pairs {
    unsigned wrong = 0;
    std::uint32_t least = ~0u, most = 0;

    void add(std::uint32_t growth) {
        wrong += growth != 1;
        least = std::min(least, growth);
        most = std::max(most, growth);
    }
};

void diagnose_self_count(const Pairs& pairs, Result& result) {
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

// Only the host can cause exits of a kind between the two reads; not in each of a few tries.
bool same_count(const Bench& bench, ExitNumber exit) {
    auto& leaves = bench.leaves;
    constexpr unsigned tries = 10;
    const std::uint32_t own = exit == ledger::cpuid_exit(leaves.numbering()) ? bench.profile.self_count : 0;
    for (unsigned i = 0; i < tries; i++) {
        const auto count = leaves.count(exit);
        const auto r = leaves.query(Leaf::inside, exit);
        if (r.eax - count == own) return true;
    }
    return false;
}

}

void judge_layout(const Bench& bench, Result& result) {
    const auto& profile = bench.profile;
    if (!profile.reads_right()) {
        result.fail("layout={} was given, but the leaves answer as layout {}'s do", profile.layout.name,
                    profile.detected.name);
        result.diagnose(
            "the plan's layout= is wrong for this host: leave it out, or give the one named here");
        return;
    }
    result.message.format("layout {}, {}", profile.layout.name,
                          profile.layout_given ? "as given: the leaves agree"
                                               : "by what grows and what marks undefined numbers");
}

void judge_self_count(const Bench& bench, Result& result) {
    auto& leaves = bench.leaves;
    const auto pairs = bench.repetitions(1000);
    const auto cpuid = ledger::cpuid_exit(leaves.numbering());
    Pairs seen;
    std::uint32_t least_of_total = ~0u;
    for (unsigned i = 0; i < pairs; i++) {
        const auto count = [&] { return leaves.query(Leaf::exit_count, cpuid).eax; };
        const auto before = leaves.has(Leaf::exit_count) ? count() : 0;
        seen.add(leaves.has(Leaf::exit_count) ? count() - before : 1);
        // The host may cause exits in between, so only the least growth counts.
        if (leaves.has(Leaf::total)) {
            const auto total = leaves.query(Leaf::total).eax;
            least_of_total = std::min(least_of_total, leaves.query(Leaf::total).eax - total);
        }
    }
    if (leaves.has(Leaf::total) && least_of_total != seen.least)
        result.show(least_of_total == 2 * seen.least ? Symptom::total_twice
                    : least_of_total == 0            ? Symptom::total_over_rows
                                                     : Symptom::count_unsteady);
    if (seen.wrong != 0) {
        result.fail("back-to-back counts of CPUID exits differ by {} to {}, {} of {} not by 1", seen.least,
                    seen.most, seen.wrong, pairs);
        diagnose_self_count(seen, result);
    } else if (leaves.has(Leaf::total) && least_of_total != 1) {
        result.fail("back-to-back totals differ by at least {}, not by 1", least_of_total);
        result.diagnose("the total does not count a query as CPUID's own row does");
    } else {
        result.message.format("{} back-to-back pairs differ by 1", pairs);
    }
}

void judge_own_leaves(const Bench& bench, Result& result) {
    auto& leaves = bench.leaves;
    if (!bench.profile.revision) {
        result.skip("this host has the assignment's leaves alone");
        return;
    }
    if (!judge_answer(KVM_EXIT_LEDGER_LEAF_REVISION, 0, bench.profile.revision_answer(),
                      leaves.query(Leaf::revision), result))
        result.show(Symptom::leftovers);
    unsigned rows = 0;
    for (ExitNumber exit = 0; exit < ledger::exit_number_end; exit++) {
        if (!leaves.defines(exit)) continue;
        rows++;
        if (!same_count(bench, exit)) {
            result.fail("leaves {:x} and {:x} report different counts of exit {:x}",
                        KVM_EXIT_LEDGER_LEAF_EXIT_COUNT, KVM_EXIT_LEDGER_LEAF_INSIDE, exit);
            result.show(Symptom::count_unsteady);
            result.diagnose(
                "the count beside the time inside KVM is another counter, or in the wrong registers");
        }
        const auto extremes = leaves.extremes(exit);
        if (extremes.shortest > extremes.longest || (extremes.longest != 0 && extremes.shortest == 0)) {
            result.fail("exit {:x}: shortest {} cycles, longest {}", exit, extremes.shortest,
                        extremes.longest);
            if (leaves.query(Leaf::extremes, exit) == undefined_mark) result.show(Symptom::hole);
            result.diagnose(
                "the shortest or the longest time is not kept with each exit, or its words are swapped");
        }
    }
    if (result.outcome == Outcome::ok)
        result.message.format("{} rows agree with the assignment's leaves", rows);
}

void judge_scope(const Bench& bench, Result& result) {
    if (bench.profile.scope == ledger::Scope::unknown)
        return result.skip("this host reports no counts by exit");
    if (bench.profile.scope == ledger::Scope::vm) {
        result.message.write("the table holds no exits of VMs before this one");
    } else if (bench.profile.revision) {
        result.fail("the table held another VM's exits when this one started");
        result.show(Symptom::shared_table);
        result.diagnose("this host has one table for all its VMs, and its interface promises a VM's own");
    } else {
        result.message.write("one table for all VMs of the host");
        result.show(Symptom::shared_table);
    }
}

}
