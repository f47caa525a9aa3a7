// Differences of readings, sorted and printed.
#include "exitaudit/read/rates.hpp"

#include "ledger/exit_names.hpp"

#include <algorithm>
#include <map>
#include <tuple>

namespace exitaudit {
namespace {

// Without vCPUs, fits a terminal of 80 columns.
constexpr auto vcpu_columns = "{:<10} {:<15.15} {:>4} ";
constexpr auto rate_columns = "{:<23.23} {:>9} {:>5} {:>13} {:>5} {:>9}";
constexpr auto quantile_columns = " {:>10} {:>10}";
constexpr auto total_column = " {:>10}";

std::string share(double part, double whole) {
    return whole > 0 ? fmt::format("{:.1f}", 100 * part / whole) : "-";
}

std::string line_of(const std::string& what, const Rate& rate, const Rates& all) {
    return fmt::format(rate_columns, what, fmt::format("{:.1f}", rate.exits), share(rate.exits, all.exits),
                       fmt::format("{:.0f}", rate.cycles), share(rate.cycles, all.cycles),
                       rate.per_exit ? fmt::format("{:.0f}", *rate.per_exit) : "-") +
           (all.has_histograms ? fmt::format(quantile_columns, text_of(rate.median), text_of(rate.p99))
                               : "") +
           fmt::format(total_column, rate.total);
}

Rate rate_between(const Row& earlier, const Row& later, double seconds, const Sample& sample) {
    const auto count = later.count - earlier.count;
    const auto exits = sample.narrow ? static_cast<std::uint32_t>(count) : count;
    const auto cycles = later.cycles.value_or(0) - earlier.cycles.value_or(0);
    Rate rate{.vcpu = later.vcpu,
              .exit = later.exit,
              .name = std::string(ledger::exit_name(sample.numbering, later.exit)),
              .exits = static_cast<double>(exits) / seconds,
              .cycles = static_cast<double>(cycles) / seconds,
              .new_exits = exits,
              .total = later.count};
    const auto grown = growth(earlier.buckets, later.buckets);
    rate.median = quantile(grown, 0.5);
    rate.p99 = quantile(grown, 0.99);
    if (exits != 0 && later.cycles) rate.per_exit = static_cast<double>(cycles) / static_cast<double>(exits);
    return rate;
}

// Where counts went back, another VM has the name of one that is gone.
bool is_anew(const Row& earlier, const Row& later, bool narrow) {
    return !narrow && (later.count < earlier.count || later.cycles < earlier.cycles);
}

} // namespace

Sample take_sample(LedgerReader& reader) {
    Sample sample{.numbering = reader.profile().numbering, .narrow = reader.narrow()};
    for (const auto exit : reader.defined()) {
        auto row = reader.row(exit);
        if (row.count != 0 && reader.has_histograms()) row.buckets = reader.buckets(exit);
        sample.rows.push_back(row);
    }
    sample.queries = reader.queries();
    return sample;
}

Rates rates_between(const Sample& earlier, const Sample& later) {
    const auto seconds = std::chrono::duration<double>(later.time - earlier.time).count();
    Rates rates{.seconds = seconds,
                .queries = later.queries - earlier.queries,
                .numbering = later.numbering,
                .of_host = later.of_host};
    std::map<std::tuple<std::optional<Vcpu>, ledger::ExitNumber>, const Row*> before;
    for (const auto& row : earlier.rows) before[{row.vcpu, row.exit}] = &row;
    for (const auto& after : later.rows) {
        static const Row none{.exit = 0, .cycles = 0};
        const auto found = before.find({after.vcpu, after.exit});
        const auto& row =
            found == before.end() || is_anew(*found->second, after, later.narrow) ? none : *found->second;
        rates.own += static_cast<double>(after.own - row.own) / seconds;
        if (after.count == 0) continue;
        const auto rate = rate_between(row, after, seconds, later);
        rates.has_histograms = rates.has_histograms || !after.buckets.empty();
        rates.exits += rate.exits;
        rates.cycles += rate.cycles;
        rates.rows.push_back(rate);
    }
    return rates;
}

void sort_rates(std::vector<Rate>& rows, SortKey key) {
    const auto rank = [key](const Rate& rate) -> double {
        switch (key) {
        case SortKey::exits: return rate.exits;
        case SortKey::cycles: return rate.cycles;
        case SortKey::cost: return rate.per_exit.value_or(0);
        case SortKey::total: return static_cast<double>(rate.total);
        case SortKey::name: break;
        }
        return 0;
    };
    std::ranges::sort(rows, [&](const Rate& a, const Rate& b) {
        if (key == SortKey::name && a.name != b.name) return a.name < b.name;
        return std::tuple(-rank(a), a.vcpu, a.exit) < std::tuple(-rank(b), b.vcpu, b.exit);
    });
}

std::vector<std::string> table_of(const Rates& rates, std::size_t limit) {
    const auto vcpu = [&](std::string_view vm, std::string_view name, std::string_view number) {
        return rates.of_host ? fmt::format(vcpu_columns, vm, name, number) : "";
    };
    std::vector<std::string> lines{
        fmt::format("{:.1f} exits/s, {:.0f} cycles/s, over {:.1f} s; {} exit numbers", rates.exits,
                    rates.cycles, rates.seconds, ledger::numbering_name(rates.numbering)),
        vcpu("VM", "NAME", "VCPU") +
            fmt::format(rate_columns, "EXIT", "EXITS/S", "%", "CYCLES/S", "%", "PER EXIT") +
            (rates.has_histograms ? fmt::format(quantile_columns, "P50", "P99") : "") +
            fmt::format(total_column, "TOTAL")};
    if (rates.of_host && rates.rows.empty()) lines.front() = "no VM runs whose vCPUs show a ledger";
    Rate sum{.exits = rates.exits, .cycles = rates.cycles};
    for (const auto& rate : rates.rows) {
        sum.new_exits += rate.new_exits;
        sum.total += rate.total;
        if (rate.per_exit) sum.per_exit = 0;
        if (limit == 0) continue;
        --limit;
        lines.push_back(
            (rate.vcpu ? vcpu(rate.vcpu->vm, rate.vcpu->name, fmt::format("{}", rate.vcpu->number)) : "") +
            line_of(fmt::format("{:#x} {}", rate.exit, rate.name), rate, rates));
    }
    if (sum.per_exit) sum.per_exit = rates.cycles * rates.seconds / static_cast<double>(sum.new_exits);
    lines.push_back(vcpu("", "", "") + line_of("sum", sum, rates));
    if (rates.queries != 0)
        lines.push_back(fmt::format("# of these, {:.1f} exits/s are of this reading: {} CPUIDs each time",
                                    rates.own, rates.queries));
    return lines;
}

} // namespace exitaudit
