// Compares the exits of boots.
#include "exitaudit/documents/compare.hpp"

#include "exitaudit/support/json.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace exitaudit {
namespace {

using nlohmann::json;

constexpr std::size_t name_width = 20, count_width = 12, ratio_width = 8;

std::uint64_t count_of(const json& row) { return row.value("count", std::uint64_t{0}); }

std::uint64_t exits_of(const json& phase) {
    std::uint64_t sum = 0;
    for (const auto& row : object_member(phase, "exits")) sum += count_of(row);
    return sum;
}

// Adds to this boot's count in the row of this name, which may be new.
void add(std::vector<BootsRow>& rows, const std::string& name, std::size_t boot, std::size_t boots,
         std::uint64_t exits) {
    auto row = std::ranges::find_if(rows, [&](const auto& known) { return known.name == name; });
    if (row == rows.end())
        row = rows.insert(rows.end(), {name, std::vector<std::optional<std::uint64_t>>(boots)});
    row->exits[boot] = row->exits[boot].value_or(0) + exits;
}

std::string text_of(const json& document, const json::json_pointer& place) {
    const auto value = document.contains(place) ? document[place] : json();
    if (value.is_boolean()) return value.get<bool>() ? "yes" : "no";
    return value.is_null() ? "-" : value.is_string() ? value.get<std::string>() : value.dump();
}

void add_difference(Boots& beside, const std::vector<NamedDocument>& boots, const char* title,
                    const char* place) {
    std::vector<std::string> values;
    for (const auto& boot : boots) values.push_back(text_of(boot.document, json::json_pointer(place)));
    if (std::ranges::adjacent_find(values, std::not_equal_to<>()) != values.end())
        beside.differences.emplace_back(title, values);
}

std::string line_of(const BootsRow& row) {
    auto line = fmt::format("{:<{}}", row.name, name_width);
    const auto& first = row.exits.front();
    for (std::size_t boot = 0; boot < row.exits.size(); ++boot) {
        const auto& exits = row.exits[boot];
        line += fmt::format(" {:>{}}", exits ? fmt::format("{}", *exits) : "-", count_width);
        if (boot > 0)
            line += fmt::format(
                "{:>{}}",
                exits && first && *first != 0
                    ? fmt::format("x{:.2f}", static_cast<double>(*exits) / static_cast<double>(*first))
                    : "",
                ratio_width);
    }
    return line.substr(0, line.find_last_not_of(' ') + 1) + "\n";
}

// As wide as the columns below. A longer text loses its beginning.
std::string words_line(const std::string& title, const std::vector<std::string>& words) {
    auto line = fmt::format("{:<{}}", title, name_width);
    for (std::size_t boot = 0; boot < words.size(); ++boot) {
        const auto width = count_width + (boot > 0 ? ratio_width : 0);
        const auto& word = words[boot];
        line += fmt::format(" {:>{}}", word.size() > width ? word.substr(word.size() - width) : word, width);
    }
    return line + "\n";
}

json rows_document(const std::vector<BootsRow>& rows) {
    auto documents = json::array();
    for (const auto& row : rows) {
        auto exits = json::array();
        for (const auto& count : row.exits) exits.push_back(count ? json(*count) : json());
        documents.push_back({{"name", row.name}, {"exits", exits}});
    }
    return documents;
}

} // namespace

Boots side_by_side(const std::vector<NamedDocument>& boots) {
    Boots beside;
    std::vector<BootsRow> totals;
    for (std::size_t boot = 0; boot < boots.size(); ++boot) {
        const auto& [path, document] = boots[boot];
        beside.names.push_back(std::filesystem::path(path).stem().string());
        for (const auto& phase : array_member(document, "phases"))
            add(beside.phases, text_member(phase, "name"), boot, boots.size(), exits_of(phase));
        const auto& all = object_member(document, "totals");
        add(totals, "all exits", boot, boots.size(), exits_of(all));
        for (const auto& [name, row] : object_member(all, "exits").items())
            add(beside.reasons, name, boot, boots.size(), count_of(row));
    }
    beside.totals = totals.front();
    std::ranges::stable_sort(beside.reasons, [](const auto& a, const auto& b) {
        return a.exits.front().value_or(0) > b.exits.front().value_or(0);
    });
    constexpr std::pair<const char*, const char*> circumstances[] = {
        {"verdict", "/verdict"},
        {"lane", "/lane"},
        {"kernel", "/kernel"},
        {"machine", "/guest/machine"},
        {"devices", "/guest/devices"},
        {"vCPUs", "/guest/vcpus"},
        {"memory, MiB", "/guest/memory_mib"},
        {"nested paging", "/guest/nested_paging"},
        {"guest's kernel", "/guest/kernel_version"},
        {"own kernel", "/guest/kernel_image"},
        {"own initramfs", "/guest/initrd"},
        {"own disk", "/guest/disk"},
        {"kernel's words", "/guest/append"},
        {"work", "/guest/work"},
        {"guest reads", "/guest/read"},
        {"interval, ms", "/guest/interval_ms"},
        {"stopped after, s", "/guest/stop_s"}};
    for (const auto& [title, place] : circumstances) add_difference(beside, boots, title, place);
    return beside;
}

std::string boots_text(const Boots& boots) {
    auto text = words_line("", boots.names);
    for (const auto& [title, values] : boots.differences) text += words_line(title, values);
    text += line_of(boots.totals) + "\nphase\n";
    for (const auto& row : boots.phases) text += line_of(row);
    text += "\nexit\n";
    for (const auto& row : boots.reasons) text += line_of(row);
    return text;
}

json boots_document(const Boots& boots) {
    auto differences = json::object();
    for (const auto& [title, values] : boots.differences) differences[title] = values;
    return {{"schema", 1},
            {"kind", "comparison"},
            {"boots", boots.names},
            {"differences", differences},
            {"totals", rows_document({boots.totals})[0]["exits"]},
            {"phases", rows_document(boots.phases)},
            {"exits", rows_document(boots.reasons)}};
}

} // namespace exitaudit
