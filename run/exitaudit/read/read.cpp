// Reading once, and printing it.

#include "ledger/exit_names.hpp"
#include "exitaudit/read/reader.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>

namespace exitaudit {
namespace {

using nlohmann::ordered_json;

constexpr auto reading_columns = "{:<24} {:>10} {:>16} {:>10} {:>10} {:>10} {:>13}";

std::string text_of(const std::optional<std::uint64_t>& number)
{
    return number ? fmt::format("{}", *number) : "-";
}

// A mean; "-" of nothing.
std::string per_exit(const std::optional<std::uint64_t>& cycles, std::uint64_t count)
{
    return cycles && count ? fmt::format("{}", *cycles / count) : "-";
}

std::string line_of(const Row& row, ledger::Numbering numbering)
{
    const auto what = fmt::format("{:#x} {}", row.exit, ledger::exit_name(numbering, row.exit));
    if (row.undefined)
        return fmt::format("{:<24} {:>10}", what, "undefined");
    std::optional<std::uint64_t> shortest, longest;
    if (row.extremes && row.count) {
        shortest = row.extremes->shortest;
        longest = row.extremes->longest;
    }
    return fmt::format(reading_columns, what, row.count, text_of(row.cycles), per_exit(row.cycles, row.count),
                       per_exit(row.inside, row.count), text_of(shortest), text_of(longest));
}

ordered_json record_of(const Row& row, ledger::Numbering numbering)
{
    ordered_json record{{"exit", row.exit},
                        {"exit_name", ledger::exit_name(numbering, row.exit)},
                        {"undefined", row.undefined}};
    if (row.undefined)
        return record;
    record["count"] = row.count;
    if (row.exit == ledger::cpuid_exit(numbering))
        record["own"] = row.own;
    if (row.cycles)
        record["cycles"] = *row.cycles;
    if (row.inside)
        record["inside"] = *row.inside;
    if (row.extremes) {
        record["shortest"] = row.extremes->shortest;
        record["longest"] = row.extremes->longest;
    }
    return record;
}

} // namespace

Reading take_reading(LedgerReader& reader, const ReadOptions& options)
{
    const bool some = !options.exits.empty();
    Reading reading{};
    for (const auto exit : some ? wanted_exits(options.exits, reader.probe().numbering) : reader.defined()) {
        const auto row = reader.whole_row(exit);
        if (some || options.all || row.count || row.undefined)
            reading.rows.push_back(row);
    }
    reading.totals = reader.totals();
    return reading;
}

std::vector<std::string> table_of(const Reading& reading, const LedgerReader& reader)
{
    const auto& probe = reader.probe();
    std::vector<std::string> lines{
        fmt::format(reading_columns, "EXIT", "COUNT", "CYCLES", "PER EXIT", "IN KVM", "SHORTEST", "LONGEST")};
    for (const auto& row : reading.rows)
        lines.push_back(line_of(row, probe.numbering));
    const auto& totals = reading.totals;
    lines.push_back(fmt::format(reading_columns, "total", totals.count, totals.cycles,
                                per_exit(totals.cycles, totals.count), "-", "-", "-"));
    lines.push_back(fmt::format("# ledger: revision {}, layout {}, {} exit numbers, known by {}",
                                probe.revision, probe.layout->name, ledger::numbering_name(probe.numbering),
                                probe.reason));
    const auto own = std::ranges::find_if(reading.rows, [](const Row& row) { return row.own != 0; });
    lines.push_back(fmt::format(
        "# reading caused {} CPUID exits of the total{}", totals.own,
        own == reading.rows.end() ? "" : fmt::format(", {} of them before CPUID's row was read", own->own)));
    if (std::ranges::any_of(reading.rows, [](const Row& row) { return !row.undefined && row.count == 0; }))
        lines.emplace_back("# 0: none yet, or not enabled in KVM: the leaves answer alike");
    return lines;
}

ordered_json document_of(const Reading* reading, const LedgerReader& reader)
{
    const auto& probe = reader.probe();
    ordered_json document{{"schema", 1},
                          {"record", "ledger"},
                          {"patched", reading != nullptr},
                          {"reason", probe.reason},
                          {"vendor", reader.vendor()}};
    if (!reading)
        return document;
    document["numbering"] = ledger::numbering_name(probe.numbering);
    document["ledger"] = probe.revision;
    document["layout"] = probe.layout->name;
    if (probe.numbering == ledger::Numbering::vmx)
        document["sdm"] = probe.edition.last;
    document["exits"] = ordered_json::array();
    for (const auto& row : reading->rows)
        document["exits"].push_back(record_of(row, probe.numbering));
    const auto& totals = reading->totals;
    document["total"] = {{"count", totals.count}, {"own", totals.own}, {"cycles", totals.cycles}};
    return document;
}

int read_ledger(const ReadOptions& options)
{
    check_exits(options.exits);
    LedgerReader reader(machine::cpuid, told_by(options.ledger));
    const auto obstacle = reader.obstacle();
    std::optional<Reading> reading;
    if (!obstacle)
        reading = take_reading(reader, options);
    if (options.json)
        fmt::print("{}\n", document_of(reading ? &*reading : nullptr, reader).dump(2));
    else if (reading)
        for (const auto& line : table_of(*reading, reader))
            fmt::print("{}\n", line);
    if (obstacle)
        throw *obstacle;
    return static_cast<int>(ExitCode::pass);
}

} // namespace exitaudit
