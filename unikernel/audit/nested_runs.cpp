// Asking the ledger from a guest of the guest's own.
#include "audit/nested_runs.hpp"

#include "machine/nested.hpp"

namespace audit {

using ledger::Leaf;
using ledger::Numbering;

void run_nested_queries(const Bench& bench, Result& result)
{
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
    for (unsigned i = 0; i < queries && result.verdict == Verdict::ok; i++) {
        const auto before = leaves.count(cpuid);
        machine::run_nested_guest();
        const auto after = leaves.count(cpuid);
        if (machine::nested_answer - before == 1 && after - before == 2)
            continue;
        result.fail("before, in, and after a nested guest CPUID's count reads {}, {}, {}", before,
                    machine::nested_answer, after);
        if (after - before != 2)
            result.show(after == before      ? Symptom::self_count_none
                        : after - before < 2 ? Symptom::self_count_lost
                                             : Symptom::count_unsteady);
        result.diagnose(after - before == 2
                            ? "a nested guest is answered from another ledger than its VM's"
                            : "a nested guest's exits are counted more than once, or not at all");
    }
    machine::stop_nested_guest();
    if (result.verdict == Verdict::ok)
        result.message.format("{} queries of a nested guest count between two of ours", queries);
}

}
