// Ranks, shares and rates of a boot's exits.
#include "exitaudit/boot/figures.hpp"

#include <algorithm>

namespace exitaudit {
namespace {

constexpr std::size_t most_stretches = 24;

} // namespace

RankedRows ranked(const ExitRows& rows)
{
    RankedRows list;
    for (const auto& [exit, row] : rows)
        if (row.count != 0)
            list.emplace_back(exit, row);
    std::ranges::stable_sort(list,
                             [](const auto& a, const auto& b) { return a.second.count > b.second.count; });
    return list;
}

double share(std::uint64_t part, std::uint64_t whole)
{
    return whole == 0 ? 0 : 100.0 * static_cast<double>(part) / static_cast<double>(whole);
}

double rate_of(std::uint64_t exits, double seconds)
{
    return seconds > 0 ? static_cast<double>(exits) / seconds : 0;
}

double rate_of(const BootPhase& phase) { return rate_of(phase.exits(), phase.seconds()); }

std::vector<Stretch> stretches(const std::vector<BootSample>& samples)
{
    std::vector<Stretch> list;
    const double shortest = samples.back().seconds / most_stretches;
    const auto* begin = &samples.front();
    for (const auto& sample : samples) {
        const double seconds = sample.seconds - begin->seconds;
        if (seconds <= 0 || seconds < shortest)
            continue;
        list.push_back({begin, &sample});
        begin = &sample;
    }
    if (!list.empty())
        list.back().end = &samples.back();
    return list;
}

} // namespace exitaudit
