// What exits cost before and after a change, trigger by trigger.
#pragma once

#include "exitaudit/support/task.hpp"
#include "exitaudit/documents/document.hpp"

namespace exitaudit {

// A trigger that both documents measured. Cycles are of the guest's TSC, per firing.
struct Change {
    std::string name, exit_name;
    double before = 0, after = 0;                  // medians, or means in documents without quartiles
    double ratio = 1, low = 1, high = 1;           // after / before, and its 95 % interval
    bool significant = false;                      // in view of how many triggers are compared
    std::optional<double> host_before, host_after; // mean per exit, by the host
    bool steady = false;                           // exact documents: most firings took the same
};

struct Comparison {
    std::vector<Change> changes; // in the order of the first document
    std::vector<std::string> only_before, only_after;
    std::vector<std::string> warnings; // what else differs between the two
    double between = 0;                // standard deviation of log ratios that the firings do not explain
    double common = 1;                 // the median ratio
    bool exact = false;                // cycles are instructions: no statistics apply
    bool by_time = false;              // cycles are the emulator's speed: no statistics apply

    // Significant changes for the worse by more than this.
    std::vector<const Change*> regressions(double percent) const;
};

// Compares two documents of kind `run`. Error if lanes, vendors or numbers of vCPUs differ, or if one is of
// an audit and the other of --costs, where nothing counts exits beside KVM. The standard error of a ratio is
// that of the logarithm of two medians, each 0.929 times the interquartile range over the root of the number
// of firings (McGill, Tukey and Larsen 1978, for a normal centre), plus the scatter of all log ratios beyond
// that, since firings of one run are not independent. A change is significant if chance would show one like
// it among all triggers in fewer than 1 of 20 comparisons (Bonferroni). Where cycles are instructions (run
// --exact), nothing is left to chance: a change is any by more than 0.05 %, or 3 % if the firings of one run
// differ among themselves.
Comparison compare(const nlohmann::json& before, const nlohmann::json& after);

void add_compare(CLI::App& app, Task& task);

// A value for each boot; none: it has no such phase or reason.
struct BootsRow {
    std::string name;
    std::vector<std::optional<std::uint64_t>> exits;
};

struct Boots {
    std::vector<std::string> names; // of the files, without directory and extension
    // What differs between the boots: a name, and a text for each boot.
    std::vector<std::pair<std::string, std::vector<std::string>>> differences;
    BootsRow totals;
    std::vector<BootsRow> phases;  // in the order of the first boot
    std::vector<BootsRow> reasons; // by the first boot's count
};

// Of documents of kind `boot`.
Boots side_by_side(const std::vector<NamedDocument>& boots);

// A column for each boot and its ratio to the first.
std::string boots_text(const Boots& boots);

// docs/json.md, kind `comparison`.
nlohmann::json boots_document(const Boots& boots);

} // namespace exitaudit
