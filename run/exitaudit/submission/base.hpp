// The kernel that submissions change: its source, compiled once, and the scripts that do it.
#pragma once

#include "exitaudit/submission/patch.hpp"
#include "exitaudit/support/untrusted.hpp"

#include <map>

namespace exitaudit::grade {

// A kernel whose source is here.
struct Kernel {
    std::string name;
    std::filesystem::path source;
};

// The distribution's KVM, compiled by host-kvm-patch/foreign-base.
struct Base {
    std::filesystem::path scripts, directory; // host-kvm-patch, build/grade/VERSION
    std::map<std::string, std::string, std::less<>> versions;
    SourceFiles files;

    // Compiles it if that was not done yet. Error if it cannot be.
    static Base make(const std::filesystem::path& build, const std::string& kernel);

    std::filesystem::path source() const { return directory / "source"; }
    std::vector<Kernel> kernels() const; // the base's own first
    const std::string& version(std::string_view what) const;
};

// exitaudit's own, beside the built files. Error if they are not there.
std::filesystem::path scripts_of(const std::filesystem::path& build);

} // namespace exitaudit::grade
