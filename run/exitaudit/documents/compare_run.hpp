// `exitaudit compare`, from the files to the exit code.
#pragma once

#include "exitaudit/support/task.hpp"

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace exitaudit {

struct CompareOptions {
    std::string before, after;            // documents
    std::vector<std::string> more;        // of boots
    std::optional<double> max_regression; // per cent; none: any change passes
    std::filesystem::path json;
};

void add_compare(CLI::App& app, Task& task);

// Prints the comparison, or boots side by side; returns the exit code: 1 if a trigger became
// slower by more than --max-regression. Error if a document is unreadable or they cannot be compared.
int compare_documents(const CompareOptions& options);

} // namespace exitaudit
