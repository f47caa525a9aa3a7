// Reading and comparing budgets.
#include "exitaudit/documents/budget.hpp"

#include "exitaudit/catalogue/catalogue.hpp"
#include "exitaudit/support/exit_code.hpp"
#include "exitaudit/support/file.hpp"
#include "exitaudit/support/json.hpp"
#include "exitaudit/support/suggestion.hpp"
#include "exitaudit/support/untrusted.hpp"
#include "plan/near_match.hpp"

#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <cctype>

namespace exitaudit {
namespace {

using nlohmann::json;

constexpr std::array limit_members{"phase", "exit", "trigger", "count", "cycles", "instructions"};

std::optional<double> most_of(const json& limit, const char* member, const std::string& where) {
    const auto found = limit.find(member);
    if (found == limit.end()) return std::nullopt;
    if (!found->is_number() || found->get<double>() < 0)
        throw usage_error("{}: {} is no number from 0 up", where, member);
    return found->get<double>();
}

// The headers have Intel's names in capitals, and AMD's in small letters.
std::string small(std::string name) {
    std::ranges::transform(name, name.begin(), [](unsigned char c) { return std::tolower(c); });
    return name;
}

bool is_called(const std::string& exit, const std::string& wanted) {
    return plan::matches(small(wanted), small(exit));
}

bool has_exit(bool svm, const std::string& wanted) {
    for (std::uint64_t exit = 0; exit < ledger::exit_number_end; ++exit)
        if (is_called(std::string(exit_name(svm, exit)), wanted)) return true;
    return false;
}

// A mistyped name would never be exceeded.
void check_exit(const std::string& wanted, const std::string& where) {
    if (has_exit(true, wanted) || has_exit(false, wanted)) return;
    throw usage_error("{}: no exit is called '{}'{}", where, sanitize(wanted),
                      suggestion(small(wanted), exit_names()));
}

Limit limit_of(const json& given, const std::string& where) {
    if (!given.is_object()) throw usage_error("{} is no JSON object", where);
    for (const auto& [name, value] : given.items())
        if (std::ranges::find(limit_members, name) == limit_members.end())
            throw usage_error("{}: no member is called '{}': there are {}", where, sanitize(name),
                              fmt::join(limit_members, ", "));
    Limit limit{text_member(given, "phase"), text_member(given, "exit"), text_member(given, "trigger"),
                most_of(given, "count", where), most_of(given, "cycles", where)};
    if (const auto instructions = most_of(given, "instructions", where)) {
        if (limit.cycles) throw usage_error("{}: cycles or instructions, not both", where);
        limit.cycles = instructions;
        limit.instructions = true;
    }
    if (!limit.count && !limit.cycles)
        throw usage_error("{}: count, cycles or instructions is missing", where);
    if (!limit.trigger.empty() && (limit.count || !limit.exit.empty() || !limit.phase.empty()))
        throw usage_error("{}: a trigger is limited by cycles or instructions alone", where);
    if (!limit.exit.empty()) check_exit(limit.exit, where);
    if (!limit.trigger.empty()) listed({limit.trigger});
    return limit;
}

// What a limit is compared with.
struct Figure {
    std::string name; // "phase kernel, cpuid"
    double count = 0, cycles = 0;
};

// The rows of exits with this name.
Figure sum_of(const std::vector<std::pair<std::string, json>>& exits, const std::string& wanted,
              std::string name) {
    Figure figure{std::move(name)};
    for (const auto& [exit, row] : exits) {
        if (!wanted.empty() && !is_called(exit, wanted)) continue;
        figure.count += number_member(row, "count");
        figure.cycles += number_member(row, "cycles");
    }
    return figure;
}

std::vector<std::pair<std::string, json>> rows_of(const json& exits) {
    std::vector<std::pair<std::string, json>> rows;
    for (const auto& [name, row] : exits.items())
        rows.emplace_back(exits.is_array() ? text_member(row, "exit_name") : name, row);
    return rows;
}

std::vector<Figure> figures_of_triggers(const json& document, const Limit& limit) {
    std::vector<Figure> figures;
    for (const auto& result : array_member(document, "results")) {
        const auto& cycles = object_member(result, "guest_cycles");
        const auto name = text_member(result, "name");
        if (plan::matches(limit.trigger, name) && cycles.contains("median"))
            figures.push_back({name, 0, number_member(cycles, "median")});
    }
    return figures;
}

// None: the document has nothing that the limit is about.
std::vector<Figure> figures(const json& document, const Limit& limit) {
    if (!limit.trigger.empty()) return figures_of_triggers(document, limit);
    const auto what = limit.exit.empty() ? "all exits" : limit.exit;
    if (text_member(document, "kind") == "run") {
        const auto rows = rows_of(array_member(document, "exits"));
        if (rows.empty()) return {};
        return {sum_of(rows, limit.exit, what)};
    }
    if (limit.phase.empty())
        return {sum_of(rows_of(object_member(object_member(document, "totals"), "exits")), limit.exit, what)};
    std::vector<Figure> figures;
    for (const auto& phase : array_member(document, "phases"))
        if (const auto name = text_member(phase, "name"); plan::matches(limit.phase, name))
            figures.push_back(sum_of(rows_of(object_member(phase, "exits")), limit.exit,
                                     fmt::format("phase {}, {}", name, what)));
    return figures;
}

std::string text_of(const Limit& limit) {
    std::vector<std::string> words;
    for (const auto& [kind, name] : {std::pair{"phase", limit.phase}, std::pair{"exit", limit.exit},
                                     std::pair{"trigger", limit.trigger}})
        if (!name.empty()) words.push_back(fmt::format("{} {}", kind, sanitize(name)));
    return words.empty() ? "all exits" : fmt::format("{}", fmt::join(words, ", "));
}

std::string overrun(const std::string& name, double is, double most, const char* unit) {
    return fmt::format("{}: {:.0f} {}, at most {:.0f}: {:.0f} too many", sanitize(name), is, unit, most,
                       is - most);
}

// A line for each overrun.
std::vector<std::string> overruns(const json& document, const Limit& limit, bool svm) {
    if (!limit.exit.empty() && !has_exit(svm, limit.exit))
        return {fmt::format("{}: this host's vendor has no exit of that name", text_of(limit))};
    const auto found = figures(document, limit);
    if (found.empty()) return {fmt::format("{}: nothing of it was measured", text_of(limit))};
    std::vector<std::string> lines;
    for (const auto& figure : found) {
        if (limit.count && figure.count > *limit.count)
            lines.push_back(overrun(figure.name, figure.count, *limit.count, "exits"));
        if (limit.cycles && figure.cycles > *limit.cycles)
            lines.push_back(overrun(figure.name, figure.cycles, *limit.cycles,
                                    limit.instructions ? "instructions" : "cycles"));
    }
    return lines;
}

} // namespace

Budget parse_budget(std::string_view text, const std::string& name) {
    const auto given = json::parse(text, nullptr, false);
    if (!given.is_object() || given.value("schema", json()) != 1 || given.value("kind", json()) != "budget")
        throw usage_error("{} is no budget of schema 1: see docs/budgets.md", name);
    Budget budget;
    for (const auto& limit : array_member(given, "limits"))
        budget.push_back(limit_of(limit, fmt::format("{}: limit {}", name, budget.size() + 1)));
    if (budget.empty()) throw usage_error("{} has no limits", name);
    return budget;
}

void check_budget(const Budget& budget, std::string_view kind, std::string_view lane) {
    for (const auto& limit : budget) {
        const auto refuse = [&](const std::string& why) {
            throw usage_error("budget: {}: {}", text_of(limit), why);
        };
        if (kind == "run" && !limit.phase.empty()) refuse("a run has no phases");
        if (kind == "boot" && !limit.trigger.empty()) refuse("a boot fires no triggers");
        if (limit.instructions && lane != svm_icount)
            refuse(fmt::format("instructions are counted on lane {} alone (run --exact)", svm_icount));
    }
}

Budget read_budget(const std::filesystem::path& file, std::string_view kind, std::string_view lane) {
    if (file.empty()) return {};
    auto budget = parse_budget(read_file(file), file.string());
    check_budget(budget, kind, lane);
    return budget;
}

HostResult compare_with_budget(const Budget& budget, const json& document, bool svm) {
    const auto limits = fmt::format("{} limit{}", budget.size(), budget.size() == 1 ? "" : "s");
    const auto verb = [](std::size_t count) { return count == 1 ? "is" : "are"; };
    HostResult result{"budget", Outcome::ok, fmt::format("{} {} kept", limits, verb(budget.size()))};
    std::size_t exceeded = 0;
    for (const auto& limit : budget) {
        auto lines = overruns(document, limit, svm);
        exceeded += !lines.empty();
        std::ranges::move(lines, std::back_inserter(result.table));
    }
    if (exceeded == 0) return result;
    result.outcome = Outcome::not_ok;
    result.message =
        fmt::format("{} of {} {} not kept: {}", exceeded, limits, verb(exceeded), result.table.front());
    return result;
}

json with_budget(const Budget& budget, Verdict& verdict, Circumstances& circumstances,
                 const std::function<json()>& document) {
    auto written = document();
    if (budget.empty() || !verdict.complete) return written;
    const auto result = compare_with_budget(budget, written, circumstances.svm);
    circumstances.host.push_back(result);
    if (verdict.code == ExitCode::pass && result.outcome == Outcome::not_ok)
        verdict = {ExitCode::audit_failed, fmt::format("fail: budget: {}", result.message), true};
    return document();
}

} // namespace exitaudit
