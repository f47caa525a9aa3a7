// The result of one submission.
#pragma once

#include "exitaudit/grade/rounds.hpp"
#include "exitaudit/grade/submission.hpp"

namespace exitaudit::grade {

struct Row {
    Submission submission;
    // pass, fail, not-patched, refused, does-not-apply, does-not-compile, hangs, crashes or could-not-grade
    std::string verdict;
    std::optional<bool> builds;           // none: not tried
    std::vector<Finding> findings, notes; // those of a lane are in its audit
    std::vector<Audit> audits;
    std::vector<std::string> changes; // files
    double seconds = 0;

    std::string layout() const; // "-" if none was found
    std::string edition() const;
};

// The row as text: its columns, then each finding and note on a line.
std::vector<std::string> row_lines(const Row& row, std::size_t name_width);
std::string row_header(std::size_t name_width);

nlohmann::json row_document(const Row& row);

// 0 all pass; 1 some do not; 3 some could not be graded.
int exit_code_of(const std::vector<Row>& rows);

} // namespace exitaudit::grade
