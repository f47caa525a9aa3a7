// The kernel that submissions change: its source, compiled once, and the scripts that do it.
#pragma once

#include "exitaudit/submission/patch.hpp"
#include "exitaudit/support/process.hpp"
#include "exitaudit/support/untrusted.hpp"

#include <map>
#include <memory>
#include <set>

namespace exitaudit::grade {

// A kernel whose source is here.
struct Kernel {
    std::string name;
    std::filesystem::path source;
};

// The distribution's KVM, compiled by host-kvm-patch/foreign-base; or a commit's whole kernel, by
// foreign-tree.
struct Base {
    std::filesystem::path scripts, directory; // host-kvm-patch, build/grade/VERSION
    std::string name;                         // of the kernel, for people
    std::map<std::string, std::string, std::less<>> versions;
    SourceFiles files;
    bool emulated = false;      // the sandbox is an emulated machine
    std::filesystem::path more; // another kernel's source; empty: none

    // Compiles it if that was not done yet, and is not said to be (BUILD/prebuilt). `more`: see there. Error
    // if it cannot be.
    static Base make(const std::filesystem::path& build, const std::string& kernel,
                     const std::filesystem::path& more);

    // Of a commit (its hash) in a repository; in the sandbox, as both are somebody else's. Takes minutes,
    // unless that was done. Error if it cannot be built.
    static Base of_commit(const std::filesystem::path& build, const std::filesystem::path& repository,
                          const std::string& commit);

    std::filesystem::path source() const { return directory / "source"; }
    std::vector<Kernel> kernels() const;    // the base's own first
    std::filesystem::path packages() const; // the unpacked headers that it was compiled with
    const std::string& version(std::string_view what) const;
    bool is_commit() const { return versions.contains("commit"); }

    // All that occur in the sources of all kernels. Read once, in seconds; several threads may ask.
    const std::set<std::string>& identifiers() const;

    // Runs host-kvm-patch/sandbox with these arguments. The limit is CPU time of this machine's own, of which
    // an emulated one needs many times as much. `scratch`: the sandbox's files lie there meanwhile. Error if
    // no sandbox can be made.
    Output in_sandbox(const std::vector<std::string>& arguments, const std::filesystem::path& scratch,
                      std::chrono::seconds limit, std::size_t most_output) const;
private:
    void read(); // what the directory has

    struct Known;
    std::shared_ptr<Known> known_; // of the copies, too
};

// exitaudit's own, beside the built files. Error if they are not there.
std::filesystem::path scripts_of(const std::filesystem::path& build);

} // namespace exitaudit::grade
