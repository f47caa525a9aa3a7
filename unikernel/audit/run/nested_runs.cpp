// Queries of the ledger by a nested guest.
#include "audit/run/runs.hpp"

#include "machine/nested.hpp"

namespace audit {

using ledger::Leaf;
using ledger::Numbering;

void run_nested_queries(const Bench& bench, Result& result) {
    auto& leaves = bench.leaves;
    if (leaves.numbering() == Numbering::vmx) {
        result.skip("on Intel a nested guest's CPUID goes to its hypervisor, which cannot leave it to KVM");
        return;
    }
    if (const auto obstacle = machine::nested_guest_obstacle(); !obstacle.empty()) {
        result.skip(obstacle);
        return;
    }
    constexpr unsigned queries = 200;
    const auto cpuid = ledger::cpuid_exit(leaves.numbering());
    machine::nested_leaf = leaves.layout().number(Leaf::exit_count);
    machine::nested_subleaf = cpuid;
    machine::start_nested_guest(machine::nested_query, machine::NestedCpuid::left_to_host);
    for (unsigned i = 0; i < queries && result.outcome == Outcome::ok; i++) {
        const auto count = [&] { return leaves.query(Leaf::exit_count, cpuid).eax; };
        const auto before = count();
        machine::run_nested_guest();
        const auto after = count();
        // Each query counts as the profile found.
        const auto each = bench.profile.self_count;
        if (machine::nested_answer - before == each && after - before == 2 * each) continue;
        result.fail("before, in, and after a nested guest CPUID's count reads {}, {}, {}", before,
                    machine::nested_answer, after);
        if (after - before != 2 * each)
            result.show(after == before             ? Symptom::self_count_none
                        : after - before < 2 * each ? Symptom::self_count_lost
                                                    : Symptom::count_unsteady);
        result.diagnose(after - before == 2
                            ? "a nested guest is answered from another ledger than its VM's"
                            : "a nested guest's exits are counted more than once, or not at all");
    }
    machine::stop_nested_guest();
    if (result.outcome == Outcome::ok)
        result.message.format("{} queries of a nested guest count between two of ours", queries);
}

}
