// `exitaudit compare`: reads, compares, prints; a comparison as text and as JSON.

#include "exitaudit/documents/compare.hpp"
#include "exitaudit/documents/document.hpp"
#include "exitaudit/support/command_line.hpp"
#include "exitaudit/support/exit_code.hpp"
#include "exitaudit/support/file.hpp"
#include "exitaudit/support/json.hpp"
#include "exitaudit/support/say.hpp"

#include <fmt/format.h>
#include <algorithm>

namespace exitaudit {
namespace {

using nlohmann::json;

constexpr auto compare_footer = R"(
Examples:
  exitaudit compare before.json after.json
  exitaudit compare before.json after.json --max-regression 5

Exit codes: 0 compared; 1 a trigger became slower by more than --max-regression; 2 usage;
3 the documents cannot be compared.)";

struct CompareOptions {
    std::string before, after;            // documents
    std::vector<std::string> more;        // of boots
    std::optional<double> max_regression; // per cent; none: any change passes
    std::filesystem::path json;
};

int show_boots(const CompareOptions& options, const std::vector<NamedDocument>& boots) {
    if (options.max_regression)
        throw usage_error("--max-regression judges what exits cost: it takes documents of exitaudit run");
    const auto beside = side_by_side(boots);
    fmt::print("{}", boots_text(beside));
    if (!options.json.empty()) write_file(options.json, document_text(boots_document(beside)));
    return static_cast<int>(ExitCode::pass);
}

std::string kind_of(const NamedDocument& document) { return text_member(document.document, "kind"); }

void require_one_kind(const std::vector<NamedDocument>& documents) {
    const auto& first = documents.front();
    for (const auto& other : documents)
        if (kind_of(other) != kind_of(first))
            throw failure("{} is of kind {} and {} of kind {}: kinds cannot be mixed", first.file,
                          kind_of(first), other.file, kind_of(other));
}

const char* mark(const Change& change) {
    return !change.significant ? "" : change.ratio > 1 ? "slower" : "faster";
}

std::string host_ratio(const Change& change) {
    return change.host_before && change.host_after
               ? fmt::format("{:.3f}", *change.host_after / *change.host_before)
               : "-";
}

void append_names(std::string& text, const char* what, const std::vector<std::string>& names) {
    if (!names.empty()) text += fmt::format("{}: {}\n", what, fmt::join(names, " "));
}

// A table and its summary.
std::string comparison_text(const Comparison& comparison) {
    auto text = fmt::format("{:<27} {:<24} {:>10} {:>10} {:>7}  {:<15} {:>7}\n", "trigger", "exit", "before",
                            "after", "ratio", comparison.exact ? "difference" : "95% interval", "host");
    for (const auto& change : comparison.changes)
        text += fmt::format("{:<27} {:<24} {:>10.0f} {:>10.0f} {:>7.3f}  {:<15} {:>7} {}\n", change.name,
                            change.exit_name, change.before, change.after, change.ratio,
                            comparison.exact ? fmt::format("{:+.0f} instr.", change.after - change.before)
                                             : fmt::format("{:.3f} - {:.3f}", change.low, change.high),
                            host_ratio(change), mark(change));
    std::vector<std::string> unsteady;
    for (const auto& change : comparison.changes)
        if (comparison.exact && !change.steady) unsteady.push_back(change.name);
    append_names(text, "judged to 3 % alone, because their firings differ among themselves", unsteady);
    append_names(text, "only before", comparison.only_before);
    append_names(text, "only after", comparison.only_after);
    const auto marked = [&](const char* as) {
        return std::ranges::count_if(
            comparison.changes, [&](const Change& change) { return std::string_view(mark(change)) == as; });
    };
    return text + fmt::format("{} triggers: {} slower, {} faster {}; median ratio {:.3f}\n",
                              comparison.changes.size(), marked("slower"), marked("faster"),
                              comparison.exact ? "beyond 0.05 %" : "beyond chance", comparison.common);
}

json comparison_document(const Comparison& comparison) {
    json document{{"schema", 1},
                  {"kind", "comparison"},
                  {"triggers", json::array()},
                  {"only_before", comparison.only_before},
                  {"only_after", comparison.only_after},
                  {"warnings", comparison.warnings},
                  {"exact", comparison.exact},
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
                                        {"steady", change.steady},
                                        {"host_before", or_null(change.host_before)},
                                        {"host_after", or_null(change.host_after)}});
    return document;
}

std::string slowdown(const Change& change, bool exact) {
    const auto percent = [](double ratio) { return 100 * (ratio - 1); };
    if (exact)
        return fmt::format("{:.0f} instructions, {:.1f} %", change.after - change.before,
                           percent(change.ratio));
    return fmt::format("{:.1f} % (95 % interval {:.1f} to {:.1f} %)", percent(change.ratio),
                       percent(change.low), percent(change.high));
}

// Prints the comparison, or boots side by side. Returns the exit code: 1 if a trigger became slower by more
// than --max-regression. Error if a document is unreadable or they cannot be compared.
int compare_documents(const CompareOptions& options) {
    std::vector<NamedDocument> documents;
    auto paths = options.more;
    paths.insert(paths.begin(), {options.before, options.after});
    for (const auto& path : paths) documents.push_back({path, read_document(path)});
    require_one_kind(documents);
    if (kind_of(documents.front()) == "boot") return show_boots(options, documents);
    if (!options.more.empty())
        throw usage_error("more than two documents can be compared only of exitaudit boot");
    const auto comparison = compare(documents[0].document, documents[1].document);
    for (const auto& warning : comparison.warnings) say("exitaudit: {}\n", warning);
    if (comparison.changes.empty()) throw Error("the two documents have no measured trigger in common");
    fmt::print("{}", comparison_text(comparison));
    if (!options.json.empty()) write_file(options.json, document_text(comparison_document(comparison)));
    if (!options.max_regression) return static_cast<int>(ExitCode::pass);
    if (comparison.by_time)
        throw Error("--max-regression judges no cycles of QEMU's emulation, which are the machine's time: "
                    "run both with --exact, or on lane vmx");
    const auto regressions = comparison.regressions(*options.max_regression);
    for (const auto* change : regressions)
        say("exitaudit: {} became slower by {}, more than {:g} %\n", change->name,
            slowdown(*change, comparison.exact), *options.max_regression);
    return static_cast<int>(regressions.empty() ? ExitCode::pass : ExitCode::audit_failed);
}

} // namespace

void add_compare(CLI::App& app, Task& task) {
    auto [command, options] = add_command(
        app, task, "compare", "compare what exits cost in two documents of run --json, or the exits of boots",
        compare_footer, compare_documents);
    command.add_option("BEFORE", options.before, "what run --json wrote before the change; or boot --json")
        ->required();
    command.add_option("AFTER", options.after, "and after it; of boots, another to stand beside the first")
        ->required();
    command.add_option("MORE", options.more, "more boots");
    add(command, "--max-regression", options.max_regression, "PERCENT",
        "exit with 1 if a trigger became slower by more, beyond chance")
        ->check(CLI::NonNegativeNumber.description(""));
    add(command, "--json", options.json, "FILE", "write the comparison to FILE");
}

} // namespace exitaudit
