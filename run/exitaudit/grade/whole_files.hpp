// A patch from what is none: whole replaced files, and kernel trees.
#pragma once

#include "submission.hpp"

namespace exitaudit::grade {

// What C files and headers, or the one file, have that the nearest kernel's of the same
// names have not.
Change whole_files(const std::filesystem::path& path, const Base& base);

// What a kernel tree, or a branch of its repository, has changed since the release or the
// import it started from; without a repository, as whole files.
Change kernel_tree(const std::filesystem::path& tree, const std::string& branch, const Base& base);

} // namespace exitaudit::grade
