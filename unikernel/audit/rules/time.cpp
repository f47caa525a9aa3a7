// Judges the cycles that the ledger reports.
#include "audit/rules/time.hpp"

#include "ledger/exit_names.hpp"

#include <algorithm>
#include <limits>

namespace audit {
namespace {

constexpr std::uint64_t word_end = std::uint64_t{1} << 32;

bool can_pass_in(std::uint64_t window, std::uint64_t cycles) { return cycles > 0 && cycles <= window; }

// Names a lost high word, if that explains the growth.
void recognise_lost_word(std::uint64_t growth, std::uint64_t window, Result& result) {
    if (can_pass_in(window, growth + word_end)) {
        result.diagnose("the cycles wrap at 2^32: their high word is lost");
        result.show(Symptom::high_word_lost);
    }
}

void recognise_lost_word(const Readings& read, std::uint64_t window, Result& result) {
    if (read.before < word_end && read.after < read.before)
        recognise_lost_word(read.growth(), window, result);
}

}

void judge_time(std::uint64_t window, Result& result) {
    const auto& host = result.measurement->host;
    if (!host) return;
    if (host->cycles == 0) {
        result.fail("{} exits took 0 cycles by the ledger", host->exits);
        result.show(Symptom::untimed);
        result.diagnose(
            "exits are counted, but not timed: the clock stops, or is read, only on another path");
    } else if (host->cycles > window) {
        result.fail("exits took {} cycles by the ledger, but only {} passed", host->cycles, window);
        result.show(Symptom::impossible);
        recognise_lost_word(host->cycles, window, result);
        result.diagnose("time is counted twice, or in other units than TSC cycles");
    } else if (host->extremes &&
               (host->extremes->shortest > host->mean() || host->extremes->longest < host->mean())) {
        result.fail("mean of {} cycles outside shortest {} and longest {}", host->mean(),
                    host->extremes->shortest, host->extremes->longest);
        if (host->extremes->longest == 0) result.show(Symptom::impossible);
        if (host->mean() < host->extremes->shortest) {
            result.show(Symptom::partly_untimed);
            result.diagnose("some of these exits are counted, but not timed, or the shortest time is not "
                            "kept with each exit");
        }
        result.diagnose("the shortest or the longest time is not kept with each exit");
    } else if (host->inside && *host->inside > host->cycles) {
        result.fail("{} cycles inside KVM, but {} in all", *host->inside, host->cycles);
        result.diagnose("time inside KVM is not part of the exit's time");
    }
}

bool judge_stretch(const Stretch& stretch, Result& result) {
    const auto& total = stretch.total;
    if (can_pass_in(stretch.guest, total.growth())) return true;
    if (total.growth() == 0) {
        result.fail("{} firings added 0 cycles to the total", stretch.firings);
        result.show(Symptom::untimed);
        result.diagnose("exits are not timed, or their time goes to no total");
        return false;
    }
    result.fail("the total of cycles went from {} to {} while {} passed", total.before, total.after,
                stretch.guest);
    result.show(Symptom::impossible);
    recognise_lost_word(total, stretch.guest, result);
    result.diagnose("time is counted twice, or in other units than TSC cycles");
    return false;
}

namespace {

constexpr std::uint64_t percent(std::uint64_t part, std::uint64_t whole) {
    return whole ? part * 100 / whole : 0;
}

std::uint64_t difference(std::uint64_t a, std::uint64_t b) { return a > b ? a - b : 0; }

// A clock that stops before the exit is handled measures the same for every exit. It measures next to nothing
// of exits that KVM answers by itself: handling them takes most of the time.
bool stops_early(const Definitions& seen) {
    constexpr std::uint64_t handlers_least = 10;
    const auto [least, most] =
        std::minmax({seen.cpuid.host_mean(), seen.mmio.host_mean(), seen.pio.host_mean()});
    return (most < least + least / 2 && !seen.slow_query) ||
           (percent(seen.cpuid.host_mean(), seen.cpuid.guest_mean()) < handlers_least &&
            percent(seen.mmio.host_mean(), seen.mmio.guest_mean()) < handlers_least);
}

// An access costs more than CPUID by what user space takes. The cost of entering and leaving the guest
// cancels out.
std::uint64_t user_space_percent(const Definitions& seen) {
    return percent(difference(seen.pio.host_mean(), seen.cpuid.host_mean()),
                   difference(seen.pio.guest_mean(), seen.cpuid.guest_mean()));
}

std::uint64_t waiting_percent(const Definitions& seen) {
    return seen.hlt ? percent(seen.hlt->total.growth(), seen.hlt->guest) : 0;
}

}

std::optional<Definition> name_definition(const Definitions& seen) {
    constexpr std::uint64_t included = 50, implausible = 120;
    const auto user_space = user_space_percent(seen);
    if (seen.pio.guest_mean() <= seen.cpuid.guest_mean() || user_space > implausible) return {};
    const bool waits = waiting_percent(seen) >= included;
    if (user_space >= included)
        return waits || !seen.hlt ? Definition::exit_to_entry : Definition::without_waiting;
    if (waits) return Definition::without_user_space;
    return stops_early(seen) ? Definition::none : Definition::handler_alone;
}

void judge_definition(const Definitions& seen, Result& result) {
    for (const auto* stretch : {&seen.cpuid, &seen.mmio, &seen.pio})
        if (!judge_stretch(*stretch, result)) return;
    if (seen.hlt && !judge_stretch(*seen.hlt, result)) return;

    const auto name = name_definition(seen);
    if (!name) return result.skip(undecided);
    switch (*name) {
    case Definition::exit_to_entry: result.message.write("from exit to entry"); break;
    case Definition::without_user_space:
        result.message.write("from exit to entry, but without user space");
        result.show(Symptom::part_of_exit);
        break;
    case Definition::without_waiting:
        result.message.write("from exit to entry, but without waiting");
        result.show(Symptom::part_of_exit);
        break;
    case Definition::handler_alone:
        result.message.write("the exit handler alone: neither user space nor waiting");
        result.show(Symptom::handler_alone);
        break;
    case Definition::none:
        result.fail("cpuid {} of {}, mmio {} of {}, pio {} of {} cycles an exit", seen.cpuid.host_mean(),
                    seen.cpuid.guest_mean(), seen.mmio.host_mean(), seen.mmio.guest_mean(),
                    seen.pio.host_mean(), seen.pio.guest_mean());
        result.diagnose("the clock does not run while the exit is handled: the cycles are too few to contain "
                        "the handler");
        result.show(Symptom::stops_early);
        return;
    }
    result.message.format(" (with {}% of user space's time", user_space_percent(seen));
    if (seen.hlt) result.message.format(", {}% of a HLT's wait", waiting_percent(seen));
    result.message.write(")");
}

void judge_halt(const Halt& halt, Result& result) {
    if (!judge_stretch(halt.stretch, result)) return;
    const auto passed = halt.stretch.guest, row = halt.row.growth();
    if (row > passed) {
        result.fail("HLT's cycles went from {} to {} while {} passed", halt.row.before, halt.row.after,
                    passed);
        result.show(Symptom::impossible);
        recognise_lost_word(halt.row, passed, result);
        result.diagnose("time is counted twice");
    } else if (row >= passed / 2) {
        if (halt.inside && halt.inside->growth() > row / 2) {
            result.fail("HLT took {} cycles, {} of them inside KVM", row, halt.inside->growth());
            result.diagnose("the time inside KVM goes on while the vCPU waits");
            return;
        }
        result.message.format("{} cycles of {} that passed", row, passed);
        if (halt.inside) result.message.format(", {} inside KVM", halt.inside->growth());
    } else if (halt.stretch.total.growth() >= passed / 2) {
        result.fail("of {} cycles, {} are in the total, but only {} in HLT's row", passed,
                    halt.stretch.total.growth(), row);
        if (row == 0) result.show(Symptom::untimed);
        result.diagnose("the time of a HLT's wait goes to another exit's row");
    } else {
        result.skip("this host's time leaves waiting out: see time.definition");
    }
}

void judge_single(ledger::ExitNumber exit, const Single& single, Result& result) {
    const auto& [shortest, longest] = single.extremes;
    if (shortest <= single.cycles && longest >= single.cycles && longest <= single.row) return;
    result.fail("exit {:x} took {} cycles, {} in all such, but shortest says {} and longest {}", exit,
                single.cycles, single.row, shortest, longest);
    if (single.cycles == 0)
        result.show(Symptom::untimed);
    else
        recognise_lost_word(single.cycles, longest, result);
    result.diagnose("the shortest or the longest time is not kept with each exit, or its words are swapped");
}

bool judge_buckets(const Bench& bench, ledger::ExitNumber exit, Result& result) {
    auto& leaves = bench.leaves;
    // Each other vCPU waits, in an exit that has not ended.
    const auto before = leaves.count(exit) - (bench.crew.vcpus - 1);
    std::uint32_t sum = 0;
    for (unsigned i = 0; i < KVM_EXIT_LEDGER_BUCKETS; i++)
        sum += static_cast<std::uint32_t>(leaves.bucket(exit, i));
    const auto after = leaves.count(exit);
    if (sum - before <= after - before) return true;
    result.fail("exit {:x}: {} exits, but {} in the histogram's buckets", exit, after, sum);
    return false;
}

void judge_query_cost(const Bench& bench, Result& result) {
    const auto& cost = bench.profile.cost;
    if (!cost.is_expensive()) {
        result.message.format("a query costs {} cycles, CPUID leaf 0 {}: medians", cost.query, cost.ordinary);
        return;
    }
    result.fail("a query costs {} cycles, CPUID leaf 0 only {}: medians", cost.query, cost.ordinary);
    result.diagnose("the host does something expensive at each query, such as writing a line of log");
    result.show(Symptom::slow_query);
}

void judge_monotonicity(const Bench& bench, Result& result) {
    using Quantity = ledger::MonotonicityCheck::Quantity;
    auto& leaves = bench.leaves;
    leaves.total();
    leaves.cycles();
    for (ledger::ExitNumber exit = 0; exit < ledger::exit_number_end; exit++) {
        if (!leaves.defines(exit) || leaves.count(exit) == 0) continue;
        leaves.cycles(exit);
    }

    const auto& step = bench.monotonicity.step_back();
    const auto total = bench.monotonicity.cycles(ledger::MonotonicityCheck::total);
    if (!step) {
        result.message.format("{} readings, none below the one before; {} cycles in all{}",
                              bench.monotonicity.readings(), total,
                              total < word_end ? ", too few to need the high word" : "");
        return;
    }
    const auto what = step->quantity == Quantity::count ? "count" : "cycles";
    if (step->exit == ledger::MonotonicityCheck::total)
        result.fail("the total's {} went back from {} to {}", what, step->before, step->after);
    else
        result.fail("the {} of exit {:x} {} went back from {} to {}", what, step->exit,
                    ledger::exit_name(leaves.numbering(), step->exit), step->before, step->after);
    result.show(step->quantity == Quantity::cycles ? Symptom::impossible : Symptom::count_unsteady);
    if (step->quantity == Quantity::cycles)
        recognise_lost_word({step->before, step->after}, word_end / 2, result);
    result.diagnose("a counter is not only added to, or sums over vCPUs lose some of them");
}

}
