// The catalogue of triggers and audits, for people and programs to read.
#pragma once

#include "exitaudit/support/task.hpp"

#include <string>
#include <vector>

namespace exitaudit {

enum class ListForm { table, json, markdown };

struct ListOptions {
    ListForm form = ListForm::table;
    bool verbose = false;
    std::vector<std::string> names; // none: all
};

void add_list(CLI::App& app, Task& task);

// Prints what the catalogue has under these names. Returns the exit code. Error
// (usage) if a name matches nothing.
int list_catalogue(const ListOptions& options);

} // namespace exitaudit
