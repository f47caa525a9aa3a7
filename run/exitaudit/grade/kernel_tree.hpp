// A patch from a kernel tree, or from a branch of its repository.
#pragma once

#include "exitaudit/grade/submission.hpp"

namespace exitaudit::grade {

// Error (usage) if the repository has no such branch or commit.
void check_branch(const Submission& submission, const std::filesystem::path& scripts);

// What a kernel tree, or a branch of its repository, has changed since the release or the
// import it started from; without a repository, as whole files.
Change kernel_tree(const std::filesystem::path& tree, const std::string& branch, const Base& base);

} // namespace exitaudit::grade
