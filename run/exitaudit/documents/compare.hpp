// What exits cost before and after a change, trigger by trigger.
#pragma once

#include <nlohmann/json_fwd.hpp>

#include <optional>
#include <string>
#include <vector>

namespace exitaudit {

// A trigger that both documents measured. Cycles are of the guest's TSC, per firing.
struct Change {
    std::string name, exit_name;
    double before = 0, after = 0;                  // medians, or means in documents without quartiles
    double ratio = 1, low = 1, high = 1;           // after / before, and its 95 % interval
    bool significant = false;                      // in view of how many triggers are compared
    std::optional<double> host_before, host_after; // mean per exit, as the host told it
};

struct Comparison {
    std::vector<Change> changes; // in the order of the first document
    std::vector<std::string> only_before, only_after;
    std::vector<std::string> warnings; // what else differs between the two
    double between = 0;                // standard deviation of log ratios that the firings do not explain
    double common = 1;                 // the median ratio
    bool by_time = false;              // cycles are the emulator's speed, which no model of chance holds for

    // Significant changes for the worse past this share.
    std::vector<const Change*> regressions(double percent) const;
};

// Compares two documents of kind `run`. Error (usage) if what they measured cannot be
// compared: other lanes, vendors or numbers of vCPUs.
//
// A ratio's standard error is that of the logarithm of two medians, each 0.929 times the
// quartiles' distance over the root of the number of firings (McGill, Tukey and Larsen
// 1978, for a normal centre), and, since firings of one run are not independent, what the
// triggers' log ratios scatter beyond that. A change is significant if chance would show
// one such among all triggers in fewer than 1 of 20 comparisons (Bonferroni).
Comparison compare(const nlohmann::json& before, const nlohmann::json& after);

// For people: a table, then what it amounts to.
std::string comparison_text(const Comparison& comparison);

nlohmann::json comparison_document(const Comparison& comparison);

} // namespace exitaudit
