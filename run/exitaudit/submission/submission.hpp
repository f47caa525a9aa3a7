// What people hand in, as a patch.
#pragma once

#include "exitaudit/submission/base.hpp"

namespace exitaudit::grade {

struct Submission {
    enum class Kind { patch, series, files, tree, modules, unknown };

    std::string name; // as on the command line
    Kind kind = Kind::unknown;
    std::filesystem::path path;
    std::string branch; // of a tree; empty: what is checked out
};

std::string_view kind_name(Submission::Kind kind);

// A patch; a directory of patches, of whole source files, or of kernel modules; one whole source file; a
// kernel tree, or TREE#BRANCH. Error (usage) if there is no such file. Only for TREE#BRANCH is the kind known
// yet.
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

// The changes that are about the ledger: its leaves' numbers, and names that only such changes introduce. The
// other changes may come from another kernel version.
Patch about_the_ledger(const Patch& patch, const Base& base);

// Error (usage) if the repository has no such branch or commit.
void check_branch(const Submission& submission, const std::filesystem::path& scripts);

// The changes in a kernel tree, or in a branch of its repository, since its release or first commit; without
// a repository, by whole files.
Change kernel_tree(const std::filesystem::path& tree, const std::string& branch, const Base& base);

// The diff of C files and headers, or of one file, against the closest kernel source. Of a tree (with
// arch/x86/kvm), KVM's files.
Change whole_files(const std::filesystem::path& path, bool is_tree, const Base& base);

} // namespace exitaudit::grade
