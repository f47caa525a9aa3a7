// The files for grading: scripts, the compiled base, and a temporary directory.
#pragma once

#include "exitaudit/grade/patch.hpp"
#include "exitaudit/support/process.hpp"

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

// Error if the disk that holds the directory has less than this free, in bytes.
void check_room(const std::filesystem::path& directory, std::uintmax_t wanted);

class TemporaryDirectory {
public:
    TemporaryDirectory();
    ~TemporaryDirectory();
    TemporaryDirectory(const TemporaryDirectory&) = delete;
    TemporaryDirectory& operator=(const TemporaryDirectory&) = delete;

    const std::filesystem::path& path() const { return path_; }
private:
    std::filesystem::path path_;
};

// At most so many bytes of a regular file, following no symbolic link. Error if it is none.
std::string read_start(const std::filesystem::path& path, std::size_t limit);

// Untrusted text for a terminal: printable characters, on one line, at most `limit` of them.
std::string sanitize(std::string_view text, std::size_t limit = 300);

// The first names, sanitized, and how many more.
std::string listed(const std::vector<std::string>& names);

struct Compiled {
    bool built = false;
    std::vector<Finding> rejected; // hunks that do not apply
    std::vector<Finding> errors;   // why it is not built
    unsigned fuzzy = 0;            // hunks that apply where not all lines round them are as expected
};

// What patch(1) said: which hunks of the patch it left out. Counts the fuzzy ones.
void read_patch_log(std::string_view log, const Patch& patch, Compiled& compiled);

// What make, the compiler and modpost said.
std::vector<Finding> compile_errors(std::string_view log);

// Applies the patch to a copy of the base and compiles that, all in the sandbox; what
// does not apply is left out. kvm.ko, kvm-intel.ko and kvm-amd.ko come into `directory`.
// Error if no sandbox can be made.
Compiled compile(const Base& base, const Patch& patch, const std::filesystem::path& directory,
                 std::chrono::seconds limit);

} // namespace exitaudit::grade
