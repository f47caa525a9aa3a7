// Differences of readings, sorted and printed.
#include "exitaudit/read/rates.hpp"

#include "ledger/exit_names.hpp"

#include <algorithm>
#include <tuple>

namespace exitaudit {
namespace {

// Fits a terminal of 80 columns.
constexpr auto rate_columns = "{:<23.23} {:>9} {:>5} {:>13} {:>5} {:>9} {:>10}";

std::string share(double part, double whole) {
    return whole > 0 ? fmt::format("{:.1f}", 100 * part / whole) : "-";
}

std::string line_of(const std::string& what, const Rate& rate, const Rates& all) {
    return fmt::format(rate_columns, what, fmt::format("{:.1f}", rate.exits), share(rate.exits, all.exits),
                       fmt::format("{:.0f}", rate.cycles), share(rate.cycles, all.cycles),
                       rate.per_exit ? fmt::format("{:.0f}", *rate.per_exit) : "-", rate.total);
}

Rate rate_between(const Row& earlier, const Row& later, double seconds, const LedgerReader& reader) {
    const auto growth = later.count - earlier.count;
    const auto exits = reader.narrow() ? static_cast<std::uint32_t>(growth) : growth;
    const auto cycles = later.cycles.value_or(0) - earlier.cycles.value_or(0);
    Rate rate{.exit = later.exit,
              .name = std::string(ledger::exit_name(reader.profile().numbering, later.exit)),
              .exits = static_cast<double>(exits) / seconds,
              .cycles = static_cast<double>(cycles) / seconds,
              .new_exits = exits,
              .total = later.count,
              .per_exit = {}};
    if (exits != 0 && later.cycles) rate.per_exit = static_cast<double>(cycles) / static_cast<double>(exits);
    return rate;
}

} // namespace

Sample take_sample(LedgerReader& reader) {
    Sample sample{.time = std::chrono::steady_clock::now(), .rows = {}, .queries = 0};
    for (const auto exit : reader.defined()) sample.rows.push_back(reader.row(exit));
    sample.queries = reader.queries();
    return sample;
}

Rates rates_between(const Sample& earlier, const Sample& later, const LedgerReader& reader) {
    const auto seconds = std::chrono::duration<double>(later.time - earlier.time).count();
    Rates rates{.seconds = seconds, .queries = later.queries - earlier.queries};
    for (std::size_t i = 0; i < later.rows.size(); ++i) {
        const auto& before = earlier.rows[i];
        const auto& after = later.rows[i];
        rates.own += static_cast<double>(after.own - before.own) / seconds;
        if (after.count == 0) continue;
        const auto rate = rate_between(before, after, seconds, reader);
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
        if (key == SortKey::name) return std::tie(a.name, a.exit) < std::tie(b.name, b.exit);
        return std::tuple(-rank(a), a.exit) < std::tuple(-rank(b), b.exit);
    });
}

std::vector<std::string> table_of(const Rates& rates, const LedgerReader& reader, std::size_t limit) {
    std::vector<std::string> lines{
        fmt::format("{:.1f} exits/s, {:.0f} cycles/s, over {:.1f} s; {} exit numbers", rates.exits,
                    rates.cycles, rates.seconds, ledger::numbering_name(reader.profile().numbering)),
        fmt::format(rate_columns, "EXIT", "EXITS/S", "%", "CYCLES/S", "%", "PER EXIT", "TOTAL")};
    Rate sum{.exits = rates.exits, .cycles = rates.cycles};
    for (const auto& rate : rates.rows) {
        sum.new_exits += rate.new_exits;
        sum.total += rate.total;
        if (limit == 0) continue;
        --limit;
        lines.push_back(line_of(fmt::format("{:#x} {}", rate.exit, rate.name), rate, rates));
    }
    if (sum.new_exits != 0 && reader.profile().layout.has(ledger::Leaf::exit_cycles))
        sum.per_exit = rates.cycles * rates.seconds / static_cast<double>(sum.new_exits);
    lines.push_back(line_of("sum", sum, rates));
    lines.push_back(fmt::format("# of these, {:.1f} exits/s are of this reading: {} CPUIDs each time",
                                rates.own, rates.queries));
    return lines;
}

} // namespace exitaudit
