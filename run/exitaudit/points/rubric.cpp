// Reads rubrics.
#include "exitaudit/points/rubric.hpp"

#include "diagnosis/causes.hpp"
#include "exitaudit/support/exit_code.hpp"
#include "exitaudit/support/file.hpp"
#include "exitaudit/support/json.hpp"
#include "exitaudit/support/suggestion.hpp"
#include "exitaudit/support/untrusted.hpp"
#include "plan/audits.hpp"

#include <fmt/ranges.h>

#include <algorithm>
#include <array>

namespace exitaudit::points {
namespace {

using nlohmann::json;

// Those that only `grade` makes (docs/json.md); with --strict or --assignment also of what is a note else.
constexpr std::array findings_of_grade{
    "refused",    "no-patch",     "no-ledger",    "does-not-apply", "not-the-kernels",  "does-not-compile",
    "over-limit", "not-patched",  "unexplained",  "too-slow",       "log-inconsistent", "crashes",
    "hangs",      "handler-only", "part-of-exit", "one-table",      "leaf-missing"};
constexpr std::array notes_of_grade{"applies-alone",
                                    "how-taken",
                                    "left-out",
                                    "mode-ignored",
                                    "sandbox",
                                    "vendor-not-patched",
                                    "git-base",
                                    "cut-off",
                                    "not-tried",
                                    "reads-not-atomic",
                                    "reads-unguarded-index",
                                    "reads-wrong-bound",
                                    "reads-short-array",
                                    "reads-after-return",
                                    "reads-printk",
                                    "reads-nothing"};

std::vector<std::string_view> known_ids(bool notes) {
    std::vector<std::string_view> ids;
    for (const auto& cause : diagnosis::causes())
        if ((cause.kind == diagnosis::Kind::note) == notes) ids.push_back(cause.name);
    if (notes)
        ids.insert(ids.end(), notes_of_grade.begin(), notes_of_grade.end());
    else
        ids.insert(ids.end(), findings_of_grade.begin(), findings_of_grade.end());
    return ids;
}

void check_members(const json& object, std::initializer_list<std::string_view> known,
                   const std::string& where) {
    if (!object.is_object()) throw usage_error("{} is no JSON object", where);
    for (const auto& [name, value] : object.items())
        if (std::ranges::find(known, name) == known.end())
            throw usage_error("{}: no member is called '{}': there are {}", where, sanitize(name),
                              fmt::join(known, ", "));
}

void check_id(const std::string& id, bool note, const std::string& where) {
    const auto ids = known_ids(note);
    if (std::ranges::find(ids, id) != ids.end()) return;
    throw usage_error("{}: no {} is called '{}'{}", where, note ? "note" : "finding", sanitize(id),
                      suggestion(id, {ids.begin(), ids.end()}));
}

double points_of(const json& value, double most, const std::string& where) {
    if (value == "all") return most;
    if (!value.is_number() || value.get<double>() < 0 || value.get<double>() > most)
        throw usage_error("{}: the points are \"all\" or a number from 0 to {}", where, most);
    return value.get<double>();
}

Costs costs_of(const json& item, const char* member, double most, const std::string& where) {
    Costs costs;
    if (!item.contains(member)) return costs;
    if (!item[member].is_object()) throw usage_error("{}: {} is no JSON object", where, member);
    for (const auto& [id, value] : item[member].items()) {
        check_id(id, member == std::string_view("notes"), where);
        costs[id] = points_of(value, most, fmt::format("{}, {}", where, id));
    }
    return costs;
}

std::vector<std::string> globs_of(const json& item, const std::string& where) {
    std::vector<std::string> globs;
    for (const auto& glob : array_member(item, "audits")) {
        if (!glob.is_string()) throw usage_error("{}: audits is a list of names or globs", where);
        globs.push_back(glob.get<std::string>());
        bool known = false;
        plan::for_each_audit(
            [&](auto, auto name, auto, auto) { known = known || plan::matches(globs.back(), name); });
        if (!known) throw usage_error("{}: no audit is called '{}'", where, sanitize(globs.back()));
    }
    return globs;
}

Item item_of(const json& given, const std::string& file) {
    check_members(given, {"name", "title", "points", "audit", "findings", "notes", "audits"},
                  file + ": an item");
    Item item{text_member(given, "name"), text_member(given, "title", text_member(given, "name"))};
    if (item.name.empty()) throw usage_error("{}: an item has no name", file);
    const auto where = fmt::format("{}: item {}", file, sanitize(item.name));
    item.points = points_of(given.value("points", json()), 1e6, where);
    const auto audit = given.value("audit", json(true));
    if (!audit.is_boolean()) throw usage_error("{}: audit is true or false", where);
    item.audit = audit.get<bool>();
    item.findings = costs_of(given, "findings", item.points, where);
    item.notes = costs_of(given, "notes", item.points, where);
    item.audits = globs_of(given, where);
    return item;
}

} // namespace

double Rubric::points() const {
    double all = 0;
    for (const auto& item : items) all += item.points;
    return all;
}

Rubric parse_rubric(std::string_view text, const std::string& name) {
    const auto given = json::parse(text, nullptr, false);
    if (given.is_discarded()) throw usage_error("{} is no JSON", name);
    check_members(given, {"schema", "kind", "items"}, name);
    if (given.value("schema", json()) != 1 || given.value("kind", json()) != "rubric")
        throw usage_error("{} is no rubric of schema 1: see exitaudit grade --print-rubric", name);
    Rubric rubric;
    for (const auto& item : array_member(given, "items")) {
        rubric.items.push_back(item_of(item, name));
        const auto& added = rubric.items.back().name;
        if (std::ranges::count(rubric.items, added, &Item::name) > 1)
            throw usage_error("{}: two items are called {}", name, sanitize(added));
    }
    if (rubric.points() <= 0) throw usage_error("{} gives no points", name);
    return rubric;
}

Rubric read_rubric(const std::string& file) {
    const bool is_default = file.empty() || file == "default";
    return is_default ? parse_rubric(default_rubric, "the default rubric")
                      : parse_rubric(read_file(file), file);
}

} // namespace exitaudit::points
