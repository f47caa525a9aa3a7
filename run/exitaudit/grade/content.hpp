// What a submission is made of, as a hash.
#pragma once

#include "exitaudit/submission/submission.hpp"

namespace exitaudit::grade {

// SHA-256 over `options`, and the names and bytes of the files that count; of a git repository, over the diff
// and its start. Empty if it cannot be read. Throws Interrupted.
std::string content_of(const Submission& submission, const Base& base, std::string_view options);

} // namespace exitaudit::grade
