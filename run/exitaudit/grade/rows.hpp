// The rows of all submissions, printed in the order given while they come in any.
#pragma once

#include "exitaudit/grade/grader.hpp"

#include <mutex>

namespace exitaudit::grade {

class Rows {
public:
    Rows(const GradeOptions& options, std::vector<Submission> submissions);

    // Takes from the document that --json names each row whose content is the same and which could be graded.
    // Error if it cannot be read, or is of another kind. Returns how many.
    std::size_t resume(const Base& base);

    const std::vector<Submission>& submissions() const { return submissions_; }
    bool has(std::size_t number) const { return !rows_[number].is_null(); }

    // Prints this row and those after it, unless one before is missing; rewrites the document. From any
    // thread.
    void add(std::size_t number, nlohmann::json row);

    void print_header() const;

    // All that are there, as a document of kind `grade`.
    nlohmann::json document() const;

    const points::Rubric& rubric() const { return rubric_; }
private:
    void print_next();
    void print(nlohmann::json& row) const;

    const GradeOptions& options_;
    const std::vector<Submission> submissions_;
    const points::Rubric rubric_;
    std::vector<nlohmann::json> rows_; // null: not there yet
    std::size_t width_ = 5, printed_ = 0;
    std::mutex mutex_;
};

} // namespace exitaudit::grade
