// Adds up a ledger that changes while it is read.
#include "audit/rules/rules.hpp"

#include <algorithm>

namespace audit {
namespace {

using ledger::ExitNumber;
using ledger::Leaves;

// Rows that are not 0. Only these are added up: the fewer reads between two totals, the more likely that the
// host causes no exit between them.
ledger::Rows busy_rows(Leaves& leaves, ledger::Rows rows) {
    for (ExitNumber exit = 0; exit < ledger::exit_number_end; exit++)
        rows[exit] = rows[exit] && leaves.defines(exit) && exit != ledger::cpuid_exit(leaves.numbering()) &&
                     leaves.count(exit) != 0;
    return rows;
}

auto size(const ledger::Rows& rows) { return std::ranges::count(rows, true); }

struct Sum {
    bool quiet;                                    // only the reads themselves caused exits
    std::uint32_t expected;                        // total count at the first read
    std::uint32_t seen;                            // the rows' sum, corrected to that moment
    std::uint64_t cycles_low, cycles, cycles_high; // the total and its limits
};

// CPUID's row is read before and after the totals, which bounds the cycles of the reads between.
Sum sum_rows(Leaves& leaves, const ledger::Rows& rows) {
    const auto cpuid = ledger::cpuid_exit(leaves.numbering());
    const auto first_total = leaves.total();
    const auto own_before = leaves.own_exits(), own_in_total = leaves.own_in_total();

    std::uint32_t count = 0;
    std::uint64_t cycles = 0;
    for (ExitNumber exit = 0; exit < ledger::exit_number_end; exit++) {
        if (!rows[exit]) continue;
        count += leaves.count(exit);
        cycles += leaves.cycles(exit);
    }
    count += leaves.count(cpuid);
    const auto reads_before_count = static_cast<std::uint32_t>(leaves.own_exits() - own_before);
    const auto low = cycles + leaves.cycles(cpuid);
    const auto total_cycles = leaves.cycles();
    const auto high = cycles + leaves.cycles(cpuid);

    const auto last_total = leaves.total();
    return {last_total - first_total == static_cast<std::uint32_t>(leaves.own_in_total() - own_in_total),
            first_total,
            count - reads_before_count,
            low,
            total_cycles,
            high};
}

// Is the total right but for multiples of 2^32?
bool lacks_high_words(const Sum& sum) {
    constexpr std::uint64_t word_end = std::uint64_t{1} << 32;
    if (sum.cycles >= sum.cycles_low) return false;
    const auto words = (sum.cycles_low - sum.cycles + word_end - 1) / word_end;
    return sum.cycles + words * word_end <= sum.cycles_high;
}

}

void judge_conservation(const Bench& bench, Result& result) {
    auto& leaves = bench.leaves;
    const auto rows_read = bench.profile.rows();
    const auto& totals_only = bench.totals_only;
    const auto attempts = bench.repetitions(1000);
    for (unsigned i = 0; i < attempts; i++) {
        const auto rows = busy_rows(leaves, rows_read);
        auto sum = sum_rows(leaves, rows);
        // A row may have become busy after the rows were chosen and before the first total.
        if (!sum.quiet || size(busy_rows(leaves, rows_read)) != size(rows)) continue;
        sum.seen += totals_only.exits;
        sum.cycles_high += totals_only.cycles;
        // By sign: where the reads themselves are not counted, the rows' sum is below 0.
        const auto surplus = static_cast<std::int32_t>(sum.seen - sum.expected);
        if (surplus != 0) {
            result.fail("the rows' counts add up to {}, the total is {}", sum.seen, sum.expected);
            if (totals_only.exits != 0)
                result.message.format("; {} are counted in that KVM has no handler for", totals_only.exits);
            if (totals_only.exits != 0 && surplus == static_cast<std::int32_t>(totals_only.exits)) {
                result.show(Symptom::passed_on_lost);
                result.diagnose("a nested guest's exits that KVM passes on, and has no handler for, are "
                                "missing in the total");
            } else {
                result.show(sum.expected == 2 * sum.seen ? Symptom::total_twice
                            : surplus > 0                ? Symptom::rows_over_total
                                                         : Symptom::total_over_rows);
            }
            result.diagnose(surplus > 0 ? "one exit is counted in two rows, or missing in the total"
                                        : "some exits are counted in the total, but in no row");
        } else if (!leaves.has(ledger::Leaf::exit_cycles) || !leaves.has(ledger::Leaf::cycles)) {
            result.message.format("{} rows add up to the total of {} exits; this host reports no cycles by "
                                  "exit, or no total of them",
                                  size(rows) + 1, sum.expected);
        } else if (sum.cycles < sum.cycles_low || sum.cycles > sum.cycles_high) {
            result.fail("the rows' cycles add up to {} to {}, the total is {}", sum.cycles_low,
                        sum.cycles_high, sum.cycles);
            if (lacks_high_words(sum)) {
                result.diagnose("the total agrees modulo 2^32: the high word of the cycles is lost");
                result.show(Symptom::high_word_lost);
            }
            result.show(Symptom::impossible);
            result.diagnose("some exits' time goes to the total or to a row, but not to both");
        } else {
            result.message.format("{} rows add up to the total of {} exits", size(rows) + 1, sum.expected);
            if (totals_only.exits != 0)
                result.message.format(", with {} that KVM has no handler for", totals_only.exits);
        }
        return;
    }
    result.fail("the total never grew by the reads alone in {} attempts", attempts);
    result.show(Symptom::count_unsteady);
    result.diagnose(
        "the total does not count as the rows do, or this host interrupts the guest at each read");
}

}
