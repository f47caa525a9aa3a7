// Grading what one hands in: compiled, audited, judged.
#pragma once

#include "exitaudit/grade/compile.hpp"
#include "exitaudit/grade/grade.hpp"
#include "exitaudit/lanes/places.hpp"
#include "exitaudit/grade/progress.hpp"
#include "exitaudit/grade/row.hpp"

namespace exitaudit::grade {

class Grader {
public:
    // Makes the base if it is not there. Error if it cannot be made.
    Grader(const GradeOptions& options, const Places& places, Progress& progress);

    // Whatever is wrong with the one is in its row.
    Row operator()(const Submission& submission);

private:
    void grade(Row& row, const std::filesystem::path& directory);
    // Compiles it; false and a verdict, if it is not to be audited.
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
