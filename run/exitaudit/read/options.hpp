// What the user asked `exitaudit read` and `exitaudit top` for.
#pragma once

#include "exitaudit/support/task.hpp"

#include <chrono>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace exitaudit {

// The ledger's properties that the user gives instead of having them detected.
struct LedgerOptions {
    std::string layout;          // of the leaves; empty: as found
    std::optional<unsigned> sdm; // last exit reason in the host's edition of Intel's manual; none: as found
};

struct ReadOptions {
    std::vector<std::string> exits; // numbers, names or globs; none: all that have happened
    bool all = false;               // show exits that have not happened, too
    bool json = false;
    bool csv = false;
    bool histogram = false;            // how many exits took how long
    std::filesystem::path openmetrics; // empty: none is written
    LedgerOptions ledger;
};

// What `top` sorts by: the greatest first, names in order.
enum class SortKey { exits, cycles, cost, total, name };

struct TopOptions {
    std::chrono::duration<double> interval{3};
    SortKey sort = SortKey::exits;
    bool batch = false;
    bool csv = false;                   // instead of tables
    bool histogram = false;             // OpenMetrics with buckets
    std::filesystem::path openmetrics;  // replaced after each reading; empty: none is written
    std::optional<unsigned> iterations; // none: until the user ends it
    bool once = false;                  // one table, as of batch and iterations
};

struct GuestTopOptions : TopOptions {
    LedgerOptions ledger;
};

void add_read(CLI::App& app, Task& task);
void add_top(CLI::App& app, Task& task);

// The options of every `top`, and what is wrong with them: Error (usage).
void add_top_options(CLI::App& command, TopOptions& options);
void check_top(const TopOptions& options);

} // namespace exitaudit
