// The report of a boot, in sentences: what it answers of the assignment's questions.
#include "exitaudit/boot/figures.hpp"
#include "exitaudit/boot/report.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace exitaudit {
namespace {

// A rate of less than some tenths of a second is chance.
std::string steadiness(const std::vector<BootPhase>& phases)
{
    constexpr double shortest = 0.2;
    const BootPhase *least = nullptr, *most = nullptr;
    for (const auto& phase : phases) {
        if (phase.seconds() < shortest)
            continue;
        if (!least || rate_of(phase) < rate_of(*least))
            least = &phase;
        if (!most || rate_of(phase) > rate_of(*most))
            most = &phase;
    }
    if (!least || least == most)
        return {};
    return fmt::format("Rate, in phases of {} s and longer: from {:.0f} exits/s ({}) to {:.0f} exits/s ({}).",
                       shortest, rate_of(*least), least->name, rate_of(*most), most->name);
}

std::string until_user_space(const std::vector<BootPhase>& phases)
{
    for (const auto& phase : phases)
        if (phase.marked)
            return fmt::format("Until user space: {} exits in {:.2f} s.", phase.begin.total.count,
                               phase.begin.seconds);
    return {};
}

std::string frequency(const BootSample& last, bool svm)
{
    const auto reasons = ranked(last.rows);
    if (reasons.empty())
        return {};
    auto text =
        fmt::format("Most frequent: {} ({}). Least frequent:", boot_exit_name(svm, reasons.front().first),
                    reasons.front().second.count);
    const auto fewest = reasons.back().second.count;
    for (const auto& [exit, row] : reasons)
        if (row.count == fewest)
            text += fmt::format(" {}", boot_exit_name(svm, exit));
    return text + fmt::format(" ({} each).", fewest);
}

std::string sampling(const BootLog& log)
{
    // Each sample's timer ends once more what the guest does, where both share a processor.
    const auto samples = log.samples().size() - 1;
    const auto at_most = std::min(log.reading() + samples, log.samples().back().total.count);
    return fmt::format(
        "Sampling: {} samples caused at most {} exits, {:.2f}% of all ({} while the ledger was read, one for "
        "each "
        "timer); marks of phases wrote {} characters on the console, which count as any other output.",
        samples, at_most, share(at_most, log.samples().back().total.count), log.reading(), log.mark_bytes());
}

} // namespace

std::vector<std::string> boot_summary(const BootLog& log, bool svm)
{
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
