// Somebody's patch, read by us rather than by patch(1): only what it changes in KVM's
// sources and headers goes on, under names of our own making.
#pragma once

#include "exitaudit/log/finding.hpp"

#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace exitaudit::grade {

struct Hunk {
    unsigned long line = 0; // of its @@ in the patch, from 1
    std::string text;       // with its @@ line
};

struct FileChange {
    std::string path;   // like arch/x86/kvm/vmx/vmx.c
    std::string source; // the file that the patch came in
    bool creates = false;
    std::vector<Hunk> hunks;
};

struct Patch {
    std::vector<FileChange> changes;
    std::vector<Finding> refused; // not empty: nothing of it may be built

    // A unified diff for patch -p0.
    std::string text() const;

    bool touches(std::string_view directory) const;
    void append(Patch other);
};

// The files of the kernel's source that may be changed, or looked for by their name.
using SourceFiles = std::set<std::string, std::less<>>;

// Where in the kernel's source a file of this name belongs: the longest end of the name
// that the source has, else the one file in KVM's directory that ends so, else the name
// from where KVM's directories begin. Empty if the name is absolute or has a ".." in it.
std::string place_in_source(std::string_view name, const SourceFiles& files);

// May a patch change it? KVM's C sources and headers only, but for the one that is generated.
bool may_change(std::string_view path);

// Reads unified diffs as diff -u, diff -r, git diff and git format-patch write them.
Patch read_patch(std::string_view text, const std::string& source, const SourceFiles& files);

} // namespace exitaudit::grade
