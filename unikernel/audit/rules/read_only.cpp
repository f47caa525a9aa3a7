// Reads every row twice, with only queries in between.
#include "audit/rules/rules.hpp"

#include "ledger/exit_names.hpp"

namespace audit {
namespace {

using ledger::ExitNumber;
using ledger::Leaf;
using ledger::Leaves;

// What a row reports. CPUID's own row is not read.
struct Row {
    std::uint32_t count = 0;
    std::uint64_t cycles = 0, inside = 0;
    ledger::Leaves::Extremes extremes{};

    bool operator==(const Row&) const = default;
};

Row read_row(Leaves& leaves, bool own_leaves, ExitNumber exit) {
    Row row;
    row.count = leaves.count(exit);
    if (row.count == 0) return row;
    row.cycles = leaves.cycles(exit);
    if (own_leaves) {
        row.inside = leaves.cycles_inside(exit);
        row.extremes = leaves.extremes(exit);
    }
    return row;
}

void query_everything(Leaves& leaves, ExitNumber exit) {
    for (auto leaf = KVM_EXIT_LEDGER_LEAF_HISTOGRAM; leaf <= KVM_EXIT_LEDGER_LEAF_LAST; leaf++)
        leaves.query(leaf, exit);
}

// The fewer queries between the two readings, the more likely that no exit of the host disturbs them.
bool stays(const Bench& bench, ExitNumber exit) {
    auto& leaves = bench.leaves;
    const bool own_leaves = bench.profile.revision != 0;
    const auto attempts = bench.repetitions(30);
    for (unsigned attempt = 0; attempt < attempts; attempt++) {
        const auto before = read_row(leaves, own_leaves, exit);
        query_everything(leaves, exit);
        if (read_row(leaves, own_leaves, exit) == before) return true;
    }
    return false;
}

}

void judge_read_only(const Bench& bench, Result& result) {
    auto& leaves = bench.leaves;
    const auto judged = bench.profile.rows();
    unsigned rows = 0;
    for (ExitNumber exit = 0; exit < ledger::exit_number_end; exit++) {
        if (!judged[exit] || !leaves.defines(exit) || exit == ledger::cpuid_exit(leaves.numbering()))
            continue;
        rows++;
        if (!stays(bench, exit)) {
            result.fail("exit {:x} {} changes each time that the ledger is read", exit,
                        ledger::exit_name(leaves.numbering(), exit));
            result.show(Symptom::count_unsteady);
            result.diagnose("a query writes to a row that is not its own, or this host interrupts the guest "
                            "at each read");
        }
    }
    if (result.outcome == Outcome::ok)
        result.message.format("{} rows stay as they are while the ledger is read", rows);
}

}
