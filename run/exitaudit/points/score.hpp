// Points of a row of `exitaudit grade`, and why.
#pragma once

#include "exitaudit/points/rubric.hpp"

#include <nlohmann/json.hpp>

#include <optional>

namespace exitaudit::points {

struct ItemScore {
    std::string name, title;
    std::optional<double> points; // none: it could not be graded
    double most = 0;
    std::string feedback; // a sentence
};

struct Score {
    std::optional<double> points;
    double most = 0;
    std::vector<ItemScore> items;
};

// False if the verdict says that we could not build or audit it: then it has no score, which is not 0.
bool was_graded(const nlohmann::json& row);

// Judges a row document (docs/json.md#grade).
Score score_of(const nlohmann::json& row, const Rubric& rubric);

// The member `points` of a row.
nlohmann::json score_document(const Score& score);

// The score, then a line for each item.
std::vector<std::string> score_lines(const Score& score);

// Of the whole grade: 0 all rows pass; 1 some do not; 3 some could not be graded.
int exit_code_of(const nlohmann::json& rows);

} // namespace exitaudit::points
