// What people hand in, as a patch.
#pragma once

#include "exitaudit/submission/base.hpp"
#include "exitaudit/submission/place.hpp"

#include <functional>
#include <future>
#include <memory>
#include <optional>

namespace exitaudit::grade {

struct Submission {
    enum class Kind { patch, series, files, tree, modules, unknown };

    std::string name; // as on the command line, or the student's; not sanitized
    Kind kind = Kind::unknown;
    std::filesystem::path path;
    std::string branch; // of a tree; empty: what is checked out
    // Of an archive:
    std::shared_ptr<const TemporaryDirectory> unpacked{}; // around `path`, until nobody needs it
    std::vector<Finding> refused{}, notes{};              // if something is refused, its id is the verdict
    std::string id{};                                     // a student's, as the platform has it
    // Of a branch whose whole kernel is compiled: the commits where it began and where it is (hashes), and
    // the kernel of the first, which is compiled when it is asked for. Else empty.
    std::string start{}, tip{};
    std::shared_future<std::shared_ptr<const Base>> base{};

    bool is_kernel() const { return !start.empty(); }
    // Error if it cannot be compiled.
    const Base& base_or(const Base& common) const { return base.valid() ? *base.get() : common; }
};

std::string_view kind_name(Submission::Kind kind);

// A patch; a directory of patches, of whole source files, or of kernel modules; one whole source file; a
// kernel tree, or TREE#BRANCH; an archive of these. Error (usage) if there is no such file. Only for
// TREE#BRANCH is the kind known yet.
Submission find_submission(const std::string& name);

// An archive, or all archives of a directory with nothing else to grade, as what is in it: for a class, and
// for a directory with an unpacked class archive, a submission for each student. Anything else stays what it
// is. `go_on` is called often, and may throw. Error if there is no space to unpack it.
std::vector<Submission> unpacked(const Submission& submission, const Base& base,
                                 const std::function<void()>& go_on);

// Those whose work is in the directory, if each name in it has the form of a class archive's. Else none.
std::vector<Submission> students_in(const std::filesystem::path& directory);

// Looks into it for its kind, and for where it begins in directories of directories. Error, or the file
// system's, if it cannot be read.
void look_into(Submission& submission);

// One way to bring the submission into the base's source.
struct Attempt {
    Patch patch;
    std::string how{};                // for a note; empty: just as it was handed in
    bool partial_allowed = false;     // what does not apply is reported, the rest is built
    std::vector<PlacedFile> placed{}; // the files, if we chose the places
    std::vector<Finding> notes{};
};

// The submission as changes of the base's source.
struct Change {
    // From the one that takes least with it; each is made when it is needed. None: `refused` says why.
    std::vector<std::function<Attempt()>> attempts;
    std::vector<Finding> notes, refused;
    bool of_files = false;  // of an unknown kernel: that no attempt builds need not be the submission's fault
    bool has_ledger = true; // it mentions a leaf
};

// Error if its files cannot be read. Modules have no patch.
Change change_of(const Submission& submission, const Base& base);

// The changes from a kernel's file to this text.
Patch changes_to(const std::string& path, const std::string& text, const Kernel& kernel, const Base& base);

// A patch as it is; then, for what does not apply, by the lines round each hunk.
Change change_by_patch(Patch patch, const Base& base);

// Of a diff between kernels, the hunks about the ledger: its leaves' numbers, and names that only such hunks
// introduce.
Patch about_the_ledger(const Patch& patch, const std::set<std::string>& known);

// One patch of several: in the given order, but so that each applies to what those before it leave.
Patch in_order(std::vector<Patch> patches, const Base& base);

// If hunks do not apply because no kernel source here has the lines that they expect.
std::optional<Finding> not_the_kernels(const std::vector<FileChange>& rejected, const Base& base);

// Error (usage) if the repository has no such branch or commit.
void check_branch(const Submission& submission, const std::filesystem::path& scripts);

// Sets start and tip of a branch whose whole kernel can be compiled: not of one in a repository with KVM's
// files alone. Error if git fails.
void find_commits(Submission& submission, const std::filesystem::path& scripts);

// The changes in a kernel tree, or in a branch of its repository, since its release or first commit; without
// a repository, by whole files.
Change kernel_tree(const std::filesystem::path& tree, const std::string& branch, const Base& base);

// The changes of KVM that a branch whose whole kernel is compiled has among others.
Change kernel_branch(const Submission& submission, const Base& base);

// What C files and headers, or one file, add for the ledger: they may be any kernel's. Of a tree (with
// arch/x86/kvm), KVM's files.
Change whole_files(const std::filesystem::path& path, bool is_tree, const Base& base);

} // namespace exitaudit::grade
