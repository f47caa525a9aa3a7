// What a host, a boot or a trigger may cost at most: limits of a file, compared with a document.
#pragma once

#include "exitaudit/documents/document.hpp"

#include <functional>

namespace exitaudit {

// A limit of a budget (docs/budgets.md). Names and globs that are empty stand for all.
struct Limit {
    std::string phase, exit; // of a boot; exit: of a run, too
    std::string trigger;     // of a run
    std::optional<double> count;
    std::optional<double> cycles; // of all exits; of a trigger: the median of a firing
    bool instructions = false;    // these cycles are instructions
};

using Budget = std::vector<Limit>;

// Reads the budget of a document of this kind and lane; without a file, no limits. Error if it cannot be
// read; (usage) if it is no budget, a limit limits nothing, or check_budget() refuses it.
Budget read_budget(const std::filesystem::path& file, std::string_view kind, std::string_view lane);
Budget parse_budget(std::string_view text, const std::string& name);

// Error (usage) if a document of this kind and lane can have no figure for a limit, whatever the host does.
void check_budget(const Budget& budget, std::string_view kind, std::string_view lane);

// Compares a document of kind run or boot with the limits: not ok if one is exceeded, or limits what the
// document has no figure of, or an exit that the host's vendor does not have. The table has a line for each.
HostResult compare_with_budget(const Budget& budget, const nlohmann::json& document, bool svm);

// Adds the result to those of the host, and lets a verdict that passes fail with it. `document` makes the
// document of verdict and circumstances; returns the last one.
nlohmann::json with_budget(const Budget& budget, Verdict& verdict, Circumstances& circumstances,
                           const std::function<nlohmann::json()>& document);

} // namespace exitaudit
