// Embedded hosts that are built from a kernel source tree.
#pragma once

#include "exitaudit/lanes/places.hpp"

namespace exitaudit {

// Error (usage) unless this directory is a kernel source tree.
void require_tree(const std::filesystem::path& tree);

// What a host may have beside the tree's own.
struct TreeExtras {
    std::vector<std::string> sanitizers;
    std::filesystem::path patch; // applied to the copy, after the series; empty: none
};

// Builds the host, incrementally, and returns its directory, for HostSpec::built. The tree is not written to.
// What is wrong and progress go to standard error. Error with the code `no_series` or `not_built`, if that is
// why there is none.
std::filesystem::path build_tree(const std::filesystem::path& tree, const Places& places,
                                 const TreeExtras& extras = {});

// A run's exit code, if it has one that says nothing of a commit (2 to 5), while a `git bisect` is under way
// in this tree (empty: none), or in the current directory if that is a kernel tree: 128 for 2, which ends the
// bisect, and 125 for the others, which skips the commit.
int code_in_bisect(int code, const std::filesystem::path& tree);

} // namespace exitaudit
