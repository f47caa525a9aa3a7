// A class: the rows of several grades together.
#pragma once

#include "exitaudit/documents/document.hpp"
#include "exitaudit/points/deliver.hpp"

namespace exitaudit::points {

// One document of kind `grade` with the rows of all. A name that several rows have gets its file's in front.
// Error (usage) if a document is of another kind.
nlohmann::json merged(const std::vector<NamedDocument>& grades);

// The member `summary`: verdicts, scores, faults, and which rows are alike by at least `threshold` percent.
nlohmann::json summary_of(const nlohmann::json& rows, const Rubric& rubric, double threshold = 60);

std::vector<std::string> summary_lines(const nlohmann::json& summary);

struct SummaryOrder {
    std::vector<std::string> documents; // files
    Wanted wanted;
    std::filesystem::path json, junit;
};

// Reads, prints, writes. Returns the exit code, 0. Error if a document cannot be read.
int summarize(const SummaryOrder& order);

} // namespace exitaudit::points
