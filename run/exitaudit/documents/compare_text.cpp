// A comparison as text and as JSON.
#include "exitaudit/documents/compare.hpp"

#include "exitaudit/support/json.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace exitaudit {
namespace {

using nlohmann::json;

const char* mark(const Change& change)
{
    return !change.significant ? "" : change.ratio > 1 ? "slower" : "faster";
}

std::string host_ratio(const Change& change)
{
    return change.host_before && change.host_after
               ? fmt::format("{:.3f}", *change.host_after / *change.host_before)
               : "-";
}

void append_names(std::string& text, const char* what, const std::vector<std::string>& names)
{
    if (!names.empty())
        text += fmt::format("{}: {}\n", what, fmt::join(names, " "));
}

} // namespace

std::string comparison_text(const Comparison& comparison)
{
    auto text = fmt::format("{:<27} {:<24} {:>10} {:>10} {:>7}  {:<15} {:>7}\n", "trigger", "exit", "before",
                            "after", "ratio", "95% interval", "host");
    for (const auto& change : comparison.changes)
        text += fmt::format("{:<27} {:<24} {:>10.0f} {:>10.0f} {:>7.3f}  {:<15} {:>7} {}\n", change.name,
                            change.exit_name, change.before, change.after, change.ratio,
                            fmt::format("{:.3f} - {:.3f}", change.low, change.high), host_ratio(change),
                            mark(change));
    append_names(text, "only before", comparison.only_before);
    append_names(text, "only after", comparison.only_after);
    const auto marked = [&](const char* as) {
        return std::ranges::count_if(
            comparison.changes, [&](const Change& change) { return std::string_view(mark(change)) == as; });
    };
    return text + fmt::format("{} triggers: {} slower, {} faster beyond chance; median ratio {:.3f}\n",
                              comparison.changes.size(), marked("slower"), marked("faster"),
                              comparison.common);
}

json comparison_document(const Comparison& comparison)
{
    json document{{"schema", 1},
                  {"kind", "comparison"},
                  {"triggers", json::array()},
                  {"only_before", comparison.only_before},
                  {"only_after", comparison.only_after},
                  {"warnings", comparison.warnings},
                  {"between", comparison.between},
                  {"median_ratio", comparison.common}};
    for (const auto& change : comparison.changes)
        document["triggers"].push_back({{"name", change.name},
                                        {"exit_name", change.exit_name},
                                        {"before", change.before},
                                        {"after", change.after},
                                        {"ratio", change.ratio},
                                        {"low", change.low},
                                        {"high", change.high},
                                        {"significant", change.significant},
                                        {"host_before", or_null(change.host_before)},
                                        {"host_after", or_null(change.host_after)}});
    return document;
}

} // namespace exitaudit
