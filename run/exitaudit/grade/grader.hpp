// Grades what people hand in: compiles, audits, judges.
#pragma once

#include "exitaudit/grade/compile.hpp"
#include "exitaudit/lanes/places.hpp"
#include "exitaudit/grade/progress.hpp"
#include "exitaudit/grade/row.hpp"
#include "exitaudit/support/task.hpp"

namespace exitaudit::grade {

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

class Grader {
public:
    // Makes the base if it is not there. Error if it cannot be made.
    Grader(const GradeOptions& options, const Places& places, Progress& progress);

    // Failures are in the row.
    Row operator()(const Submission& submission);

private:
    void grade(Row& row, const std::filesystem::path& directory);
    // Compiles it. False, with a verdict, if there is nothing to audit.
    bool build(Row& row, const std::filesystem::path& directory);
    Compiled compile_in_time(const Patch& patch, const std::filesystem::path& directory);
    std::vector<const Lane*> take_modules(Row& row, const std::filesystem::path& directory);
    std::vector<const Lane*> lanes_of(const Row& row) const;
    std::vector<const Lane*> chosen(std::vector<Vendor> vendors) const;
    void keep(const Submission& submission, const std::filesystem::path& directory);

    const GradeOptions& options_;
    const Places& places_;
    Base base_;
    Progress& progress_;
};

} // namespace exitaudit::grade
