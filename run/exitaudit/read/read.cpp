// Reading once, and printing it.

#include "ledger/exit_names.hpp"
#include "exitaudit/read/formats.hpp"
#include "plan/near_match.hpp"
#include "exitaudit/support/exit_code.hpp"
#include "exitaudit/catalogue/catalogue.hpp"
#include "exitaudit/support/file.hpp"
#include "exitaudit/support/suggestion.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <boost/algorithm/string/case_conv.hpp>
#include <charconv>

namespace exitaudit {
namespace {

using nlohmann::ordered_json;

constexpr auto reading_columns = "{:<24} {:>10} {:>16} {:>10} {:>10} {:>10} {:>13}";

using ledger::ExitNumber;
using ledger::Numbering;

bool is_number(const std::string& word) { return !word.empty() && word[0] >= '0' && word[0] <= '9'; }

ExitNumber number_of(const std::string& word) {
    const bool hexadecimal = word.starts_with("0x") || word.starts_with("0X");
    const auto* const end = word.data() + word.size();
    ExitNumber number = 0;
    const auto [stop, error] =
        std::from_chars(word.data() + (hexadecimal ? 2 : 0), end, number, hexadecimal ? 16 : 10);
    if (error != std::errc() || stop != end)
        throw usage_error("'{}' is no exit number: 32 bits, decimal or hexadecimal with 0x", word);
    return number;
}

std::vector<ExitNumber> named(const std::string& word, Numbering numbering) {
    std::vector<ExitNumber> exits;
    const auto glob = boost::to_lower_copy(word);
    for (ExitNumber exit = 0; exit < ledger::exit_number_end; ++exit)
        if (const auto name = ledger::exit_name(numbering, exit);
            name != "-" && plan::matches(glob, boost::to_lower_copy(std::string(name))))
            exits.push_back(exit);
    return exits;
}

// A mean; "-" of nothing.
std::string per_exit(const std::optional<std::uint64_t>& cycles, std::uint64_t count) {
    return cycles && count ? fmt::format("{}", *cycles / count) : "-";
}

std::string line_of(const Row& row, ledger::Numbering numbering) {
    const auto what = name_of(row, numbering);
    if (row.undefined) return fmt::format("{:<24} {:>10}", what, "undefined");
    std::optional<std::uint64_t> shortest, longest;
    if (row.extremes && row.count) {
        shortest = row.extremes->shortest;
        longest = row.extremes->longest;
    }
    return fmt::format(reading_columns, what, row.count, text_of(row.cycles), per_exit(row.cycles, row.count),
                       per_exit(row.inside, row.count), text_of(shortest), text_of(longest));
}

ordered_json record_of(const Row& row, ledger::Numbering numbering) {
    ordered_json record{{"exit", row.exit},
                        {"exit_name", ledger::exit_name(numbering, row.exit)},
                        {"undefined", row.undefined}};
    if (row.undefined) return record;
    record["count"] = row.count;
    if (row.exit == ledger::cpuid_exit(numbering)) record["own"] = row.own;
    if (row.cycles) record["cycles"] = *row.cycles;
    if (row.inside) record["inside"] = *row.inside;
    if (row.extremes) {
        record["shortest"] = row.extremes->shortest;
        record["longest"] = row.extremes->longest;
    }
    if (!row.buckets.empty()) record["buckets"] = filled(row.buckets);
    return record;
}

} // namespace

std::string text_of(const std::optional<std::uint64_t>& number) {
    return number ? fmt::format("{}", *number) : "-";
}

std::string name_of(const Row& row, Numbering numbering) {
    return fmt::format("{:#x} {}", row.exit, ledger::exit_name(numbering, row.exit));
}

Reading take_reading(LedgerReader& reader, const ReadOptions& options) {
    if (options.histogram && !reader.has_histograms())
        throw failure("the host keeps no histograms: load its kvm with exit_ledger=histograms");
    const bool some = !options.exits.empty();
    Reading reading{};
    for (const auto exit :
         some ? wanted_exits(options.exits, reader.profile().numbering) : reader.defined()) {
        auto row = reader.whole_row(exit);
        if (options.histogram && !row.undefined) row.buckets = reader.buckets(exit);
        if (some || options.all || row.count || row.undefined) reading.rows.push_back(row);
    }
    reading.totals = reader.totals();
    return reading;
}

std::vector<std::string> table_of(const Reading& reading, const LedgerReader& reader) {
    const auto& profile = reader.profile();
    std::vector<std::string> lines{
        fmt::format(reading_columns, "EXIT", "COUNT", "CYCLES", "PER EXIT", "IN KVM", "SHORTEST", "LONGEST")};
    for (const auto& row : reading.rows) lines.push_back(line_of(row, profile.numbering));
    const auto& totals = reading.totals;
    lines.push_back(fmt::format(reading_columns, "total", totals.count, totals.cycles,
                                per_exit(totals.cycles, totals.count), "-", "-", "-"));
    lines.push_back(fmt::format("# ledger: revision {}, layout {}, {} exit numbers, known by {}",
                                profile.revision, profile.layout.name,
                                ledger::numbering_name(profile.numbering), profile.reason));
    const auto own = std::ranges::find_if(reading.rows, [](const Row& row) { return row.own != 0; });
    lines.push_back(fmt::format(
        "# reading caused {} CPUID exits of the total{}", totals.own,
        own == reading.rows.end() ? "" : fmt::format(", {} of them before CPUID's row was read", own->own)));
    if (std::ranges::any_of(reading.rows, [](const Row& row) { return !row.undefined && row.count == 0; }))
        lines.emplace_back("# 0: none yet, or not enabled in KVM: the leaves answer alike");
    return lines;
}

ordered_json document_of(const Reading* reading, const LedgerReader& reader) {
    const auto& profile = reader.profile();
    ordered_json document{{"schema", 1},
                          {"record", "ledger"},
                          {"patched", reading != nullptr},
                          {"reason", profile.reason},
                          {"vendor", reader.vendor()}};
    if (!reading) return document;
    document["numbering"] = ledger::numbering_name(profile.numbering);
    document["ledger"] = profile.revision;
    document["layout"] = profile.layout.name;
    if (profile.numbering == ledger::Numbering::vmx) document["sdm"] = profile.edition.last;
    document["exits"] = ordered_json::array();
    for (const auto& row : reading->rows) document["exits"].push_back(record_of(row, profile.numbering));
    const auto& totals = reading->totals;
    document["total"] = {{"count", totals.count}, {"own", totals.own}, {"cycles", totals.cycles}};
    return document;
}

int read_ledger(const ReadOptions& options) {
    check_exits(options.exits);
    LedgerReader reader(machine::cpuid, overrides_of(options.ledger));
    const auto obstacle = reader.obstacle();
    const auto numbering = reader.profile().numbering;
    std::optional<Reading> reading;
    if (!obstacle) reading = take_reading(reader, options);
    if (options.json)
        fmt::print("{}\n", document_of(reading ? &*reading : nullptr, reader).dump(2));
    else if (reading && options.csv)
        fmt::print("{}", options.histogram ? buckets_csv_of(reading->rows, numbering)
                                           : csv_of(reading->rows, numbering));
    else if (reading)
        for (const auto& line :
             options.histogram ? charts_of(reading->rows, numbering) : table_of(*reading, reader))
            fmt::print("{}\n", line);
    if (obstacle) throw *obstacle;
    if (!options.openmetrics.empty())
        write_file(options.openmetrics, openmetrics_of(reading->rows, numbering));
    return static_cast<int>(ExitCode::pass);
}

void check_exits(const std::vector<std::string>& words) {
    for (const auto& word : words) {
        if (is_number(word))
            number_of(word);
        else if (named(word, Numbering::vmx).empty() && named(word, Numbering::svm).empty())
            throw usage_error("no exit is called '{}'{}", word,
                              suggestion(boost::to_lower_copy(word), exit_names()));
    }
}

std::vector<ExitNumber> wanted_exits(const std::vector<std::string>& words, Numbering numbering) {
    std::vector<ExitNumber> exits;
    for (const auto& word : words) {
        const auto found = is_number(word) ? std::vector{number_of(word)} : named(word, numbering);
        if (found.empty())
            throw usage_error("no exit of this host is called '{}': it goes by {} exit numbers", word,
                              ledger::numbering_name(numbering));
        exits.insert(exits.end(), found.begin(), found.end());
    }
    return exits;
}

} // namespace exitaudit
