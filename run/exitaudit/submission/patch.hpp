// Reads a patch. Only its changes to KVM's sources and headers are used, under paths that we choose.
#pragma once

#include "exitaudit/log/finding.hpp"

#include <set>

namespace exitaudit::grade {

struct Hunk {
    unsigned long line = 0; // of its @@ in the patch, from 1
    std::string text;       // with its @@ line
};

// The lines that it adds.
std::string added_text(const Hunk& hunk);

struct FileChange {
    std::string path;   // like arch/x86/kvm/vmx/vmx.c
    std::string source; // the file that the patch came in
    bool creates = false;
    std::vector<Hunk> hunks;
};

struct Patch {
    std::vector<FileChange> changes;
    std::vector<Finding> refused; // not empty: nothing of it may be built
    std::vector<Finding> notes{};
    bool is_beside = false; // refused, but only as nothing of it is KVM's: of several patches, it is left out

    std::string text() const; // a unified diff for patch -p0
    void append(Patch other);
};

// The kernel's source files that may be changed or searched.
using SourceFiles = std::set<std::string, std::less<>>;

// The path in the kernel's source for this name: the longest end of the name that the source has, else the
// name from where KVM's directories begin, else the one file in KVM's directory with this end. Where the name
// is absolute or contains "..", only what follows counts, and it is empty if none of these fits.
std::string place_in_source(std::string_view name, const SourceFiles& files);

// The name without what browsers and Canvas add to a second file of its name: "vmx (1).c", "vmx-1.c".
std::string without_copy_number(std::string_view name);

// May a patch change it? Only KVM's C sources and headers, and none that is generated.
bool may_change(std::string_view path);

// Reads unified diffs as diff -u, diff -r, git diff and git format-patch write them, and as mailers send
// them.
Patch read_patch(std::string_view text, const std::string& source, const SourceFiles& files);

} // namespace exitaudit::grade
