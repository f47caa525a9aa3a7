// Compiles a submission in the sandbox.
#pragma once

#include "exitaudit/submission/submission.hpp"

namespace exitaudit::grade {

struct Compiled {
    bool built = false;
    std::vector<Finding> rejected; // hunks that do not apply
    std::vector<FileChange> rejected_hunks;
    std::vector<Finding> errors;      // why it is not built
    std::chrono::milliseconds took{}; // CPU time
};

// What patch(1) said: which hunks of the patch it left out.
void read_patch_log(std::string_view log, const Patch& patch, Compiled& compiled);

// What make, the compiler and modpost said.
std::vector<Finding> compile_errors(std::string_view log);

// Applies the patch to a copy of the base and compiles that, all in the sandbox; what
// does not apply is left out. kvm.ko, kvm-intel.ko and kvm-amd.ko come into `directory`.
// The limit is CPU time. Error if no sandbox can be made.
Compiled compile(const Base& base, const Patch& patch, const std::filesystem::path& directory,
                 std::chrono::seconds limit);

// Compiles a branch's whole kernel from the base's, which is that of the commit where it began. The modules
// come into `directory`, and vmlinux and initramfs.cpio. Errors and limit as above.
Compiled compile_branch(const Base& base, const Submission& branch, const std::filesystem::path& directory,
                        std::chrono::seconds limit);

} // namespace exitaudit::grade
