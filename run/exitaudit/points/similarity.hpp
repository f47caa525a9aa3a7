// How alike two submissions' added lines are, whatever their names and comments: fingerprints by winnowing
// (Schleimer, Wilkerson, Aiken: "Winnowing: Local Algorithms for Document Fingerprinting", SIGMOD 2003).
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace exitaudit::points {

using Fingerprints = std::vector<std::uint64_t>; // ascending

// Of C source, which may begin and end anywhere.
Fingerprints fingerprints(const std::vector<std::string>& lines);

// What share of the shorter one's fingerprints the other one has, in percent; 0 if one is too short to say.
double similarity(const Fingerprints& a, const Fingerprints& b);

} // namespace exitaudit::points
