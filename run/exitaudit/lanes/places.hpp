// The built files (guest images, hosts, embedded hosts), and what this machine has.
#pragma once

#include "exitaudit/lanes/host_spec.hpp"
#include "exitaudit/lanes/overlay.hpp"

#include <cstdint>

namespace exitaudit {

struct Places {
    std::filesystem::path build;

    bool may_prepare = false; // what is missing of hosts is built in `build`, which is a cache

    // `chosen`; if empty, the directory of exitaudit itself or, if it is installed, one in the user's cache.
    static Places find(const std::filesystem::path& chosen);

    std::vector<std::string> kernels() const; // the kernels with a built embedded host, the oldest first

    // `chosen`, or the oldest built. An installed exitaudit builds its host first. Error if there is none.
    std::string kernel(const std::optional<std::string>& chosen) const;

    // The guest's image for this way of booting, or `chosen`. Error if it is missing.
    std::filesystem::path guest(Boot boot, const std::filesystem::path& chosen) const;
};

// A file that is shared by all builds, by its name in the repository: there, or where it is installed. Error
// if it is missing.
std::filesystem::path shared_file(const std::string& name);

// The kernels that there is a series of patches for, by version; empty if they are missing.
std::vector<std::string> series_names();

// The program's absolute path. Error that says which package to install.
std::filesystem::path find_program(const std::string& name, const std::string& package);

// Version of QEMU, like "7.2.22"; "unknown" if it does not say.
std::string qemu_version();

// The running kernel, like "Linux 6.1.0-56-cloud-amd64 6.1.192-2".
std::string running_kernel();

// The same from uname's release and version fields.
std::string kernel_name(const std::string& release, const std::string& version);

// Error if this version of QEMU lets a guest read CR3 without an exit, which shadow paging cannot do without.
void require_intercepted_cr3(const std::string& version);

// The frequency of this machine's TSC in kHz, measured for 20 ms to some 20 ppm.
std::uint32_t measured_tsc_khz();

// Where the installed perf is. Error that says what to install.
std::filesystem::path find_perf();

// `command`, recorded in `file`. `perf`: how to call it. Exits as `command` does.
std::vector<std::string> perf_record(std::vector<std::string> perf, const std::string& file,
                                     const std::vector<std::string>& command);

// Prints what was recorded in `file`, on standard error.
std::vector<std::string> perf_report(std::vector<std::string> perf, const std::string& file);

// This machine's perf for the embedded host, with its libraries.
std::vector<OverlayFile> perf_files();

// How to call it there.
std::vector<std::string> perf_in_overlay();

} // namespace exitaudit
