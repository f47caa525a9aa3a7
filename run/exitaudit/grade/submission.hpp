// What people hand in, and how a patch comes out of it.
#pragma once

#include "exitaudit/grade/workplace.hpp"

#include <string>

namespace exitaudit::grade {

struct Submission {
    enum class Kind { patch, series, files, tree, modules, unknown };

    std::string name; // as on the command line
    Kind kind = Kind::unknown;
    std::filesystem::path path;
    std::string branch; // of a tree; empty: what is checked out
};

std::string_view kind_name(Submission::Kind kind);

// A patch; a directory of patches, of whole source files, or of kernel modules; one whole
// source file; a kernel tree, or TREE#BRANCH. Error (usage) if there is no such file. Only
// of TREE#BRANCH the kind is known then.
Submission find_submission(const std::string& name);

// Looks into it. Error, or the file system's, if it cannot be read.
Submission::Kind kind_of(const Submission& submission);

// The submission as a patch against the base's source.
struct Change {
    Patch patch;
    std::vector<Finding> notes;
    bool partial_allowed = false; // whole files: what does not apply is reported, the rest is built
};

// Error if its files cannot be read. Modules have no patch.
Change change_of(const Submission& submission, const Base& base);

// Of whole files' changes those that speak of the ledger: its leaves' numbers, and by
// names that only such changes introduce. The rest may be another kernel version's.
Patch about_the_ledger(const Patch& patch, const Base& base);

// Error (usage) if the repository has no such branch or commit.
void check_branch(const Submission& submission, const std::filesystem::path& scripts);

// What a kernel tree, or a branch of its repository, has changed since the release or the
// import it started from; without a repository, as whole files.
Change kernel_tree(const std::filesystem::path& tree, const std::string& branch, const Base& base);

// What C files and headers, or the one file, have that the nearest kernel's of the same
// names have not. Of a tree (with arch/x86/kvm in it) KVM's are looked at.
Change whole_files(const std::filesystem::path& path, bool is_tree, const Base& base);

} // namespace exitaudit::grade
