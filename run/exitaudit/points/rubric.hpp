// What a submission's points are for: items, and the findings that cost points of them (docs/grade.md).
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace exitaudit::points {

using Costs = std::map<std::string, double, std::less<>>; // of a finding or note, by its id

struct Item {
    std::string name, title;
    double points = 0;
    bool audit = true; // it takes an audit to earn them
    Costs findings{}, notes{};
    std::vector<std::string> audits{}; // globs: those that fail cost all, if none of these findings was found
};

struct Rubric {
    std::vector<Item> items;

    double points() const;
};

// As --print-rubric prints it.
extern const std::string_view default_rubric;

// Reads a rubric from its text; `name` is for messages. Error (usage) if it is none, or names an unknown
// finding.
Rubric parse_rubric(std::string_view text, const std::string& name);

// Reads a file; "default" and an empty name are the default.
Rubric read_rubric(const std::string& file);

} // namespace exitaudit::points
