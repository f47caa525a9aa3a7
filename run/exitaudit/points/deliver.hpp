// Points as learning platforms take them.
#pragma once

#include "exitaudit/points/score.hpp"

#include <filesystem>

namespace exitaudit::points {

struct Wanted {
    std::string rubric{}; // a file, "default", or empty
    std::filesystem::path gradescope{}, classroom{}, csv{};

    bool any() const { return !rubric.empty() || !gradescope.empty() || !classroom.empty() || !csv.empty(); }
};

// Error (usage) if a file's directory is missing, or a file for one submission is wanted for more.
void check(const Wanted& wanted, std::size_t submissions);

// Writes what is wanted. Error if it cannot be written.
void deliver(const Wanted& wanted, const nlohmann::json& rows, const Rubric& rubric);

// results.json of a Gradescope autograder.
nlohmann::json gradescope_document(const nlohmann::json& row, const Score& score);

// A runner's result, as GitHub Classroom's autograding-grading-reporter takes it.
nlohmann::json classroom_document(const nlohmann::json& row, const Score& score);

// A line for each row (RFC 4180). No spreadsheet takes a cell for a formula.
std::string grade_book(const nlohmann::json& rows, const Rubric& rubric);

} // namespace exitaudit::points
