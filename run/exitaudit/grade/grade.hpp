// `exitaudit grade`: a row for each of somebody's patches.
#pragma once

#include "exitaudit/support/task.hpp"

#include <chrono>
#include <filesystem>
#include <string>
#include <vector>

namespace exitaudit {

struct GradeOptions {
    std::vector<std::string> submissions;
    std::string lane = "auto"; // what the code touches
    std::string kernel;        // empty: the oldest that an embedded host is built with
    unsigned vcpus = 1;
    std::chrono::seconds timeout{115}; // for each
    std::filesystem::path keep, json, junit, build;
    std::vector<std::string> plan;
};

void add_grade(CLI::App& app, Task& task);

// Returns the exit code; 128 + N if signal N interrupted it. Error if nothing can be graded.
int grade_all(const GradeOptions& options);

} // namespace exitaudit
