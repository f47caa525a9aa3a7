// Reads the source for faults that an audit may not see. spatch (Debian's coccinelle) finds the facts in the
// sandbox.
#pragma once

#include "exitaudit/reading/program.hpp"

#include <chrono>

namespace exitaudit::grade {

struct Reading {
    std::vector<Remark> remarks;
    std::chrono::milliseconds took{}; // CPU time
};

// What is wrong in lines of theirs. Without spatch, or if it fails, a remark says so. Error if no sandbox can
// be made.
Reading read_source(const std::vector<PlacedFile>& files, const Base& base);

// By all rules.
std::vector<Remark> remarks_about(const Program& program);

// Adds to a finding where its fault is in the source.
void point_to_source(std::vector<Finding>& findings, const std::vector<Remark>& remarks);

} // namespace exitaudit::grade
