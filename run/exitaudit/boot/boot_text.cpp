// The report of a boot, as tables.
#include "boot/boot_report.hpp"

#include "ledger/exit_names.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace exitaudit {
namespace {

// A screen is so high, and so wide.
constexpr std::size_t rate_lines = 24, rate_columns = 6, reasons_named = 3;

using Ranked = std::vector<std::pair<std::uint64_t, LedgerRow>>;

// Most exits first.
Ranked ranked(const ExitRows& rows)
{
    Ranked list;
    for (const auto& [exit, row] : rows)
        if (row.count != 0)
            list.emplace_back(exit, row);
    std::stable_sort(list.begin(), list.end(), [](const auto& a, const auto& b) { return a.second.count > b.second.count; });
    return list;
}

double share(std::uint64_t part, std::uint64_t whole)
{
    return whole == 0 ? 0 : 100.0 * static_cast<double>(part) / static_cast<double>(whole);
}

double rate(std::uint64_t exits, double seconds)
{
    return seconds > 0 ? static_cast<double>(exits) / seconds : 0;
}

std::string phase_table(const std::vector<BootPhase>& phases, bool svm)
{
    auto text = fmt::format("{:<12} {:>8} {:>9} {:>9}  {}\n", "phase", "seconds", "exits", "exits/s", "most frequent");
    const auto add = [&](const std::string& name, const BootPhase& phase) {
        text += fmt::format("{:<12} {:>8.2f} {:>9} {:>9.0f}  ", name, phase.seconds(), phase.exits(),
                            rate(phase.exits(), phase.seconds()));
        const auto reasons = ranked(phase.rows());
        for (std::size_t i = 0; i < std::min(reasons.size(), reasons_named); i++)
            text += fmt::format("{}{} {:.0f}%", i ? ", " : "", boot_exit_name(svm, reasons[i].first),
                                share(reasons[i].second.count, phase.exits()));
        text += phase.note.empty() ? "\n" : fmt::format(" ({})\n", phase.note);
    };
    for (const auto& phase : phases)
        add(phase.name, phase);
    if (phases.size() > 1)
        add("all", {"", "", phases.front().begin, phases.back().end, false});
    return text;
}

std::string reason_table(const BootSample& last, bool svm)
{
    auto text = fmt::format("{:<6} {:<18} {:>9} {:>7} {:>15} {:>7} {:>12}\n", "exit", "", "exits", "share", "cycles", "share",
                            "cycles/exit");
    for (const auto& [exit, row] : ranked(last.rows))
        text += fmt::format("{:<#6x} {:<18} {:>9} {:>6.2f}% {:>15} {:>6.2f}% {:>12}\n", exit, boot_exit_name(svm, exit),
                            row.count, share(row.count, last.total.count), row.cycles, share(row.cycles, last.total.cycles),
                            row.cycles / row.count);
    if (last.undefined.count != 0)
        text += fmt::format("numbers that no manual defines: {} exits\n", last.undefined.count);
    return text;
}

// Exits per second of the most frequent reasons, a line for each stretch of time.
std::string rate_table(const std::vector<BootSample>& samples, bool svm)
{
    auto columns = ranked(samples.back().rows);
    columns.resize(std::min(columns.size(), rate_columns));
    auto text = fmt::format("{:>8} {:>9}", "second", "exits/s");
    for (const auto& [exit, row] : columns)
        text += fmt::format(" {:>12}", boot_exit_name(svm, exit));
    text += "\n";
    const auto count_of = [](const BootSample& sample, std::uint64_t exit) {
        const auto found = sample.rows.find(exit);
        return found == sample.rows.end() ? 0 : found->second.count;
    };
    const double step = samples.back().seconds / rate_lines;
    const auto* before = &samples.front();
    for (const auto& sample : samples) {
        const double seconds = sample.seconds - before->seconds;
        if (seconds < step && &sample != &samples.back())
            continue;
        text += fmt::format("{:>8.1f} {:>9.0f}", sample.seconds, rate(sample.total.count - before->total.count, seconds));
        for (const auto& [exit, row] : columns)
            text += fmt::format(" {:>12.0f}", rate(count_of(sample, exit) - count_of(*before, exit), seconds));
        text += "\n";
        before = &sample;
    }
    return text;
}

// Phases too short for a rate are left out.
std::string steadiness(const std::vector<BootPhase>& phases)
{
    constexpr double shortest = 0.5;
    const BootPhase *least = nullptr, *most = nullptr;
    const auto rate_of = [](const BootPhase* phase) { return rate(phase->exits(), phase->seconds()); };
    for (const auto& phase : phases) {
        if (phase.seconds() < shortest)
            continue;
        if (!least || rate_of(&phase) < rate_of(least))
            least = &phase;
        if (!most || rate_of(&phase) > rate_of(most))
            most = &phase;
    }
    if (!least || least == most)
        return {};
    return fmt::format("Rate: from {:.0f} exits/s ({}) to {:.0f} exits/s ({}).\n", rate_of(least), least->name, rate_of(most),
                       most->name);
}

std::string until_user_space(const std::vector<BootPhase>& phases)
{
    for (const auto& phase : phases)
        if (phase.marked)
            return fmt::format("Until user space: {} exits in {:.2f} s.\n", phase.begin.total.count, phase.begin.seconds);
    return {};
}

std::string frequency(const BootSample& last, bool svm)
{
    const auto reasons = ranked(last.rows);
    if (reasons.empty())
        return {};
    auto text = fmt::format("Most frequent: {} ({}). Least frequent:", boot_exit_name(svm, reasons.front().first),
                            reasons.front().second.count);
    const auto fewest = reasons.back().second.count;
    for (const auto& [exit, row] : reasons)
        if (row.count == fewest)
            text += fmt::format(" {}", boot_exit_name(svm, exit));
    return text + fmt::format(" ({} each).\n", fewest);
}

} // namespace

std::string boot_exit_name(bool svm, std::uint64_t exit)
{
    const auto name =
        ledger::exit_name(svm ? ledger::Numbering::svm : ledger::Numbering::vmx, static_cast<ledger::ExitNumber>(exit));
    return name.empty() || name == "-" ? fmt::format("{:#x}", exit) : std::string(name);
}

std::string boot_text(const BootLog& log, const BootOutcome& outcome)
{
    const bool svm = outcome.circumstances.svm;
    const auto phases = log.phases();
    const auto& last = log.samples().back();
    // Each sample's timer ends once more what the guest does, where both share a processor.
    const auto samples = log.samples().size() - 1, at_most = log.reading() + samples;
    auto text = phase_table(phases, svm) + "\n" + reason_table(last, svm) + "\n" + rate_table(log.samples(), svm) + "\n" +
                until_user_space(phases) + steadiness(phases) + frequency(last, svm);
    text +=
        fmt::format("Sampling: {} samples caused at most {} exits, {:.2f}% of all ({} while the ledger was read, one for each "
                    "timer); marks of phases wrote {} characters on the console, which count as any other output.\n",
                    samples, at_most, share(at_most, last.total.count), log.reading(), log.mark_bytes());
    for (const auto& failure : log.failures())
        text += fmt::format("The guest could not: {}\n", failure);
    return text;
}

} // namespace exitaudit
