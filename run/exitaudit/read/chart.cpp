// Histograms as text.
#include "exitaudit/read/reader.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace exitaudit {
namespace {

constexpr double widest = 38; // bar, so that lines fit a terminal of 80 columns

std::string title_of(const Row& row, ledger::Numbering numbering) {
    const auto name = name_of(row, numbering);
    if (row.undefined) return name + ": undefined";
    const auto median = quantile(row.buckets, 0.5), most = quantile(row.buckets, 0.99);
    if (!median) return name + ": none";
    return fmt::format("{}: {} exits, half of them within {} cycles, 99 % within {}", name,
                       exits_in(row.buckets), *median, *most);
}

} // namespace

std::vector<std::string> charts_of(const std::vector<Row>& rows, ledger::Numbering numbering) {
    std::vector<std::string> lines;
    for (const auto& row : rows) {
        lines.push_back(title_of(row, numbering));
        const auto counts = filled(row.buckets);
        if (counts.empty()) continue;
        const auto highest = std::ranges::max(row.buckets);
        for (auto k = counts.front().first; k <= counts.back().first; ++k) {
            const auto count = row.buckets[k];
            // Rounded up: what is not empty has a bar.
            const auto width = static_cast<double>(count) * widest / static_cast<double>(highest);
            lines.push_back(fmt::format("{:>12} - {:<12} {:>10}{}{}", bucket_first(k), bucket_last(k), count,
                                        count ? "  " : "",
                                        std::string(static_cast<std::size_t>(std::ceil(width)), '#')));
        }
    }
    return lines;
}

} // namespace exitaudit
