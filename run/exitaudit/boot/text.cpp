// The report of a boot, as tables.
#include "exitaudit/boot/report.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace exitaudit {
namespace {

// What fits on a screen.
constexpr std::size_t rate_columns = 6, reasons_named = 3;

// The rows that occurred, the most frequent first.
std::vector<std::pair<std::uint64_t, LedgerRow>> ranked(const ExitRows& rows) {
    std::vector<std::pair<std::uint64_t, LedgerRow>> list;
    for (const auto& [exit, row] : rows)
        if (row.count != 0) list.emplace_back(exit, row);
    std::ranges::stable_sort(list,
                             [](const auto& a, const auto& b) { return a.second.count > b.second.count; });
    return list;
}

// In per cent.
double share(std::uint64_t part, std::uint64_t whole) {
    return whole == 0 ? 0 : 100.0 * static_cast<double>(part) / static_cast<double>(whole);
}

double rate_of(std::uint64_t exits, double seconds) {
    return seconds > 0 ? static_cast<double>(exits) / seconds : 0;
}

double rate_of(const BootPhase& phase) { return rate_of(phase.exits(), phase.seconds()); }

std::string phase_table(const std::vector<BootPhase>& phases, bool svm) {
    auto text = fmt::format("{:<12} {:>8} {:>9} {:>9}  {}\n", "phase", "seconds", "exits", "exits/s",
                            "most frequent");
    const auto add = [&](const std::string& name, const BootPhase& phase) {
        text += fmt::format("{:<12} {:>8.2f} {:>9} {:>9.0f}  ", name, phase.seconds(), phase.exits(),
                            rate_of(phase));
        const auto reasons = ranked(phase.rows());
        for (std::size_t i = 0; i < std::min(reasons.size(), reasons_named); i++)
            text += fmt::format("{}{} {:.0f}%", i ? ", " : "", boot_exit_name(svm, reasons[i].first),
                                share(reasons[i].second.count, phase.exits()));
        text += phase.note.empty() ? "\n" : fmt::format(" ({})\n", phase.note);
    };
    for (const auto& phase : phases) add(phase.name, phase);
    if (phases.size() > 1) add("all", {"", "", phases.front().begin, phases.back().end, false});
    return text;
}

std::string reason_table(const BootSample& last, bool svm) {
    auto text = fmt::format("{:<6} {:<18} {:>9} {:>7} {:>15} {:>7} {:>12}\n", "exit", "", "exits", "share",
                            "cycles", "share", "cycles/exit");
    for (const auto& [exit, row] : ranked(last.rows))
        text += fmt::format("{:<#6x} {:<18} {:>9} {:>6.2f}% {:>15} {:>6.2f}% {:>12}\n", exit,
                            boot_exit_name(svm, exit), row.count, share(row.count, last.total.count),
                            row.cycles, share(row.cycles, last.total.cycles), row.cycles / row.count);
    if (last.undefined.count != 0)
        text += fmt::format("numbers that no manual defines: {} exits\n", last.undefined.count);
    return text;
}

// Exits per second of the most frequent reasons, a line for each stretch of time.
std::string rate_table(const std::vector<BootSample>& samples, bool svm) {
    auto columns = ranked(samples.back().rows);
    columns.resize(std::min(columns.size(), rate_columns));
    auto text = fmt::format("{:>8} {:>9}", "second", "exits/s");
    for (const auto& [exit, row] : columns) text += fmt::format(" {:>12}", boot_exit_name(svm, exit));
    text += "\n";
    for (const auto& stretch : stretches(samples)) {
        const auto &begin = *stretch.begin, &end = *stretch.end;
        text += fmt::format("{:>8.1f} {:>9.0f}", end.seconds,
                            rate_of(end.total.count - begin.total.count, stretch.seconds()));
        for (const auto& [exit, row] : columns)
            text += fmt::format(
                " {:>12.0f}",
                rate_of(row_of(end.rows, exit).count - row_of(begin.rows, exit).count, stretch.seconds()));
        text += "\n";
    }
    return text;
}

// Shorter phases give a rate by chance.
std::string steadiness(const std::vector<BootPhase>& phases) {
    constexpr double shortest = 0.2;
    const BootPhase *least = nullptr, *most = nullptr;
    for (const auto& phase : phases) {
        if (phase.seconds() < shortest) continue;
        if (!least || rate_of(phase) < rate_of(*least)) least = &phase;
        if (!most || rate_of(phase) > rate_of(*most)) most = &phase;
    }
    if (!least || least == most) return {};
    return fmt::format("Rate, in phases of {} s and longer: from {:.0f} exits/s ({}) to {:.0f} exits/s ({}).",
                       shortest, rate_of(*least), least->name, rate_of(*most), most->name);
}

std::string until_user_space(const std::vector<BootPhase>& phases) {
    for (const auto& phase : phases)
        if (phase.marked)
            return fmt::format("Until user space: {} exits in {:.2f} s.", phase.begin.total.count,
                               phase.begin.seconds);
    return {};
}

std::string frequency(const BootSample& last, bool svm) {
    const auto reasons = ranked(last.rows);
    if (reasons.empty()) return {};
    auto text =
        fmt::format("Most frequent: {} ({}). Least frequent:", boot_exit_name(svm, reasons.front().first),
                    reasons.front().second.count);
    const auto fewest = reasons.back().second.count;
    for (const auto& [exit, row] : reasons)
        if (row.count == fewest) text += fmt::format(" {}", boot_exit_name(svm, exit));
    return text + fmt::format(" ({} each).", fewest);
}

std::string sampling(const BootLog& log) {
    // Each sample's timer interrupts the guest, where both share a processor.
    const auto samples = log.samples().size() - 1;
    const auto at_most = std::min(log.reading() + samples, log.samples().back().total.count);
    return fmt::format(
        "Sampling: {} samples caused at most {} exits, {:.2f}% of all ({} while the ledger was read, one for "
        "each "
        "timer); marks of phases wrote {} characters on the console, which count as any other output.",
        samples, at_most, share(at_most, log.samples().back().total.count), log.reading(), log.mark_bytes());
}

} // namespace

std::string boot_exit_name(bool svm, std::uint64_t exit) {
    const auto name = exit_name(svm, exit);
    return name.empty() || name == "-" ? fmt::format("{:#x}", exit) : std::string(name);
}

std::string boot_text(const BootLog& log, const BootOutcome& outcome) {
    const bool svm = outcome.circumstances.svm;
    const auto phases = log.phases();
    const auto& last = log.samples().back();
    auto text = phase_table(phases, svm) + "\n" + reason_table(last, svm) + "\n" +
                rate_table(log.samples(), svm) + "\n";
    for (const auto& sentence : boot_summary(log, svm)) text += sentence + "\n";
    return text;
}

std::vector<std::string> boot_summary(const BootLog& log, bool svm) {
    std::vector<std::string> sentences;
    if (log.sampled()) {
        const auto phases = log.phases();
        sentences = {until_user_space(phases), steadiness(phases), frequency(log.samples().back(), svm),
                     sampling(log)};
        std::erase(sentences, "");
    }
    for (const auto& failure : log.failures())
        sentences.push_back(fmt::format("The guest could not: {}", failure));
    return sentences;
}

} // namespace exitaudit
