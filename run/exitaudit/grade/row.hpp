// What is said of one submission.
#pragma once

#include "exitaudit/grade/audit.hpp"
#include "exitaudit/grade/submission.hpp"

#include <optional>

namespace exitaudit::grade {

struct Row {
    Submission submission;
    // pass, fail, not-patched, refused, does-not-apply, does-not-compile, hangs, crashes or could-not-grade
    std::string verdict;
    std::optional<bool> builds;           // none: not tried
    std::vector<Finding> findings, notes; // those of lanes are with the audits
    std::vector<Audit> audits;
    std::vector<std::string> changes; // files
    double seconds = 0;

    std::string layout() const; // "-" if none was found
    std::string edition() const;
};

// As lines for a person: the columns, then findings and notes, each on a line of its own.
std::vector<std::string> row_lines(const Row& row, std::size_t name_width);
std::string row_header(std::size_t name_width);

nlohmann::json row_document(const Row& row);

// 0 all pass; 1 some do not; 3 some could not be graded.
int exit_code_of(const std::vector<Row>& rows);

} // namespace exitaudit::grade
