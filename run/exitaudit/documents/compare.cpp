// Compares the costs in two documents.
#include "exitaudit/documents/compare.hpp"

#include "exitaudit/support/exit_code.hpp"
#include "exitaudit/support/json.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numbers>

namespace exitaudit {
namespace {

using nlohmann::json;

constexpr double chance = 0.05;
constexpr double normal_95 = 1.959964;
// The scatter of fewer ratios means little.
constexpr std::size_t enough_for_scatter = 8;

// A trigger's cost in one document.
struct Cost {
    std::string exit_name;
    double cycles = 0, error = 0; // and its standard error
    std::optional<double> host;
    double p25 = 0, p75 = 0, firings = 0; // quartiles of 0: unknown

    // All of many firings from one quartile to the other took the same.
    bool is_steady() const {
        constexpr double many = 8;
        return firings >= many && p25 == cycles && p75 == cycles;
    }
};

std::optional<Cost> cost_of(const json& result) {
    const auto& spread = object_member(result, "guest_cycles");
    const double firings = number_member(result, "firings");
    if (text_member(result, "verdict") == "skip" || firings < 1 || number_member(spread, "median") <= 0)
        return std::nullopt;
    const bool quartiles = spread.contains("p25") && spread.contains("p75");
    Cost cost{text_member(result, "exit_name"),
              number_member(spread, quartiles ? "median" : "mean"),
              0,
              {},
              number_member(spread, "p25"),
              number_member(spread, "p75"),
              firings};
    const double deviation = quartiles
                                 ? 0.929 * (number_member(spread, "p75") - number_member(spread, "p25")) //
                                 : number_member(spread, "stddev");
    // Cycles are whole numbers, so half of one is noise.
    cost.error = std::max(deviation / std::sqrt(firings), 0.5);
    const auto& host = object_member(result, "host_cycles");
    if (number_member(host, "mean") > 0) cost.host = number_member(host, "mean");
    return cost;
}

std::map<std::string, Cost> costs_of(const json& document) {
    std::map<std::string, Cost> costs;
    for (const auto& result : array_member(document, "results"))
        if (const auto cost = cost_of(result)) costs[text_member(result, "name")] = *cost;
    return costs;
}

double median(std::vector<double> values) {
    if (values.empty()) return 0;
    const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
    std::nth_element(values.begin(), middle, values.end());
    return values.size() % 2 != 0 ? *middle : (*middle + *std::max_element(values.begin(), middle)) / 2;
}

// The scatter of log ratios beyond their own variances. Robust, because some triggers may have changed.
double scatter(const std::vector<double>& logs, const std::vector<double>& variances) {
    if (logs.size() < enough_for_scatter) return 0;
    std::vector<double> distances;
    const double centre = median(logs);
    for (const double log : logs) distances.push_back(std::abs(log - centre));
    const double deviation = 1.4826 * median(distances); // of a normal distribution
    return std::sqrt(std::max(0.0, deviation * deviation - median(variances)));
}

// Does the host's clock follow the machine's time, so that cycles depend on the machine's load?
bool follows_time(const json& document) {
    return text_member(object_member(document, "environment"), "emulator").starts_with("QEMU");
}

// Does its clock count instructions?
bool is_exact(const json& document) { return text_member(document, "lane") == svm_icount; }

// By a clock that counts instructions, what takes the same each time takes the same in each run, except that
// a branch of the host's, as in the ledger's sums, may go the other way: an instruction of thousands. The
// rest waits for the host, whose work meanwhile differs.
void judge_exactly(const Cost& before, const Cost& after, Change& change) {
    constexpr double a_branch = 0.0005, differs_by_itself = 0.03;
    change.steady = before.is_steady() && after.is_steady();
    change.ratio = change.low = change.high = after.cycles / before.cycles;
    const bool apart = before.p75 < after.p25 || after.p75 < before.p25;
    change.significant = std::abs(change.ratio - 1) > (change.steady ? a_branch : differs_by_itself) &&
                         (change.steady || apart);
}

// How two unequal values differ; for objects, the names of the members.
std::string difference(const json& before, const json& after) {
    const auto text = [](const json& value) {
        return value.is_string() ? value.get<std::string>() : value.is_null() ? "unknown" : value.dump();
    };
    if (!before.is_object() || !after.is_object())
        return fmt::format("{} before, {} after", text(before), text(after));
    std::set<std::string> names;
    for (const auto& [one, other] : {std::pair(&before, &after), std::pair(&after, &before)})
        for (const auto& [name, value] : one->items())
            if (!other->contains(name) || (*other)[name] != value) names.insert(name);
    return fmt::format("{}", fmt::join(names, ", "));
}

// The svm lane measures the TSC's frequency anew for each run.
std::string without_calibration(std::string words) {
    const auto begin = words.find("tsc_early_khz=");
    if (begin != std::string::npos) words.erase(begin, words.find(' ', begin) - begin);
    return words;
}

// What should be equal in both documents; null where there is none.
json circumstance(const json& document, const char* path) {
    const json::json_pointer pointer(path);
    const auto value = document.contains(pointer) ? document[pointer] : json();
    return value.is_string() ? json(without_calibration(value.get<std::string>())) : value;
}

// The kind of run, of which depends whether the host's instruments add to each exit's cost.
std::string made_by(const json& document) {
    const auto& run = object_member(document, "run");
    if (number_member(run, "costs") == 0) return "an audit";
    return text_member(run, "plan").find("marks=yes") == std::string::npos ? "run --costs"
                                                                           : "run --witness-only";
}

void check_comparable(const json& before, const json& after, Comparison& comparison) {
    for (const auto* document : {&before, &after})
        if (text_member(*document, "kind") != "run")
            throw failure("compare takes documents of exitaudit run or judge; this one is of kind {}",
                          text_member(*document, "kind"));
    if (const auto first = made_by(before), second = made_by(after); first != second)
        throw failure("the two cannot be compared: {} before, {} after, and what counts exits beside KVM, as "
                      "in an audit, adds to each exit's cost: run both with --costs",
                      first, second);
    struct Circumstance {
        const char *what, *path;
        bool must_agree;
    };
    const Circumstance circumstances[] = {
        {"lane", "/lane", true},
        {"vendor", "/run/vendor", true},
        {"number of vCPUs", "/run/vcpus", true},
        {"host processor", "/environment/host/cpu", false},
        {"host kernel", "/kernel", false},
        {"kernel command line", "/environment/host/command_line", false},
        {"emulator", "/environment/emulator", false},
        {"machine below the emulator", "/environment/machine/cpu", false},
        {"QEMU", "/qemu", false},
        {"mitigations", "/environment/host/vulnerabilities", false},
        {"KVM parameters", "/environment/host/kvm_parameters", false},
        {"verdict", "/verdict", false},
    };
    for (const auto& [what, path, must_agree] : circumstances) {
        const auto first = circumstance(before, path), second = circumstance(after, path);
        if (first == second) continue;
        if (must_agree)
            throw failure("the two cannot be compared: different {}: {}", what, difference(first, second));
        if (!first.is_null() && !second.is_null())
            comparison.warnings.push_back(fmt::format("different {}: {}", what, difference(first, second)));
    }
}

} // namespace

std::vector<const Change*> Comparison::regressions(double percent) const {
    std::vector<const Change*> found;
    for (const auto& change : changes)
        if (change.significant && change.ratio > 1 + percent / 100) found.push_back(&change);
    return found;
}

Comparison compare(const json& before, const json& after) {
    Comparison comparison;
    check_comparable(before, after, comparison);
    const auto first = costs_of(before), second = costs_of(after);
    std::vector<double> logs, variances;
    for (const auto& result : array_member(before, "results")) {
        const auto name = text_member(result, "name");
        const auto a = first.find(name), b = second.find(name);
        if (a == first.end()) continue;
        if (b == second.end()) {
            comparison.only_before.push_back(name);
            continue;
        }
        const auto relative = [](const Cost& cost) { return cost.error / cost.cycles; };
        logs.push_back(std::log(b->second.cycles / a->second.cycles));
        variances.push_back(std::pow(relative(a->second), 2) + std::pow(relative(b->second), 2));
        comparison.changes.push_back({name, a->second.exit_name, a->second.cycles, b->second.cycles, 1, 1, 1,
                                      false, a->second.host, b->second.host, false});
    }
    for (const auto& result : array_member(after, "results"))
        if (const auto name = text_member(result, "name"); second.contains(name) && !first.contains(name))
            comparison.only_after.push_back(name);

    comparison.exact = is_exact(before) && is_exact(after);
    if (comparison.by_time = !comparison.exact && (follows_time(before) || follows_time(after));
        comparison.by_time)
        comparison.warnings.emplace_back(
            "QEMU's emulated clock follows the machine's time: two runs of one host differ by more than the "
            "intervals say; run both with --exact, or on lane vmx, to compare costs");
    if (logs.size() < enough_for_scatter && !comparison.exact)
        comparison.warnings.push_back(
            fmt::format("{} triggers in common are too few to see how much runs differ by themselves: the "
                        "intervals are too narrow (at least {})",
                        logs.size(), enough_for_scatter));
    comparison.between = comparison.exact ? 0 : scatter(logs, variances);
    comparison.common = std::exp(median(logs));
    for (std::size_t i = 0; i < logs.size(); ++i) {
        auto& change = comparison.changes[i];
        if (comparison.exact) {
            judge_exactly(first.at(change.name), second.at(change.name), change);
            continue;
        }
        const double error = std::sqrt(variances[i] + comparison.between * comparison.between);
        change.ratio = std::exp(logs[i]);
        change.low = std::exp(logs[i] - normal_95 * error);
        change.high = std::exp(logs[i] + normal_95 * error);
        const double by_chance = std::erfc(std::abs(logs[i]) / error / std::numbers::sqrt2);
        change.significant = by_chance * static_cast<double>(logs.size()) < chance;
    }
    return comparison;
}

} // namespace exitaudit
