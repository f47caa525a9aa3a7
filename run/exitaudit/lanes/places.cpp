// Finding built files and programs.
#include "exitaudit/lanes/places.hpp"

#include "exitaudit/support/exit_code.hpp"
#include "exitaudit/support/file.hpp"
#include "exitaudit/support/pattern.hpp"
#include "exitaudit/support/process.hpp"
#include "exitaudit/support/say.hpp"
#include "plan/words.hpp"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <thread>

#include <string.h>
#include <sys/utsname.h>
#include <x86intrin.h>

namespace exitaudit {

namespace fs = std::filesystem;

namespace {

using Clock = std::chrono::steady_clock;

struct Look {
    std::uint64_t tsc;
    Clock::time_point time;
    Clock::duration doubt;
};

// The best of several attempts: nothing delayed it between its two readings of the clock.
Look look() {
    constexpr int attempts = 100;
    Look best{0, {}, Clock::duration::max()};
    for (int i = 0; i < attempts; i++) {
        const auto before = Clock::now();
        const auto tsc = __rdtsc();
        const auto doubt = Clock::now() - before;
        if (doubt < best.doubt) best = {tsc, before + doubt / 2, doubt};
    }
    return best;
}

fs::path own_directory() { return fs::read_symlink("/proc/self/exe").parent_path(); }

// Where an installed exitaudit keeps what all builds share; empty: it is in its repository.
fs::path share() {
    const auto share = own_directory().parent_path().parent_path() / "share/exitaudit";
    return fs::exists(share / "host-kvm-patch") ? share : fs::path();
}

void sort_versions(std::vector<std::string>& names) {
    std::ranges::sort(names,
                      [](const auto& a, const auto& b) { return strverscmp(a.c_str(), b.c_str()) < 0; });
}

void link(const fs::path& target, const fs::path& path) {
    std::error_code none;
    if (fs::read_symlink(path, none) == target) return;
    fs::remove(path);
    fs::create_symlink(target, path);
}

// A directory like the repository, whose build/ is returned: what is installed is linked, the rest is built.
// Source: XDG Base Directory Specification. Empty if the user has no such place.
fs::path cache_of_user(const fs::path& shared) {
    const auto *const chosen = getenv("XDG_CACHE_HOME"), *const home = getenv("HOME");
    const auto cache = chosen && *chosen ? fs::path(chosen) : home ? fs::path(home) / ".cache" : fs::path();
    if (!cache.is_absolute()) return {};
    const auto top = cache / "exitaudit", build = top / "build", own = own_directory();
    try {
        fs::create_directories(build / "linux-guest");
        for (const auto* name : {"host-kvm-patch", "run"}) link(shared / name, top / name);
        for (const auto& file : fs::directory_iterator(own)) link(file, build / file.path().filename());
        link(own / "exitaudit", build / "linux-guest/exitaudit");
    } catch (const fs::filesystem_error&) { // as for a user without a home; nothing is built then
        return {};
    }
    return build;
}

// Makes the embedded host, with progress on standard error.
void prepare(const fs::path& build, const std::string& kernel) {
    std::vector<std::string> command{(build.parent_path() / "run/embedded-host/prepare").string()};
    if (!kernel.empty()) command.push_back(kernel);
    if (!run_to_end(command, std::chrono::hours(1), {pass_on, pass_on, {}, {}}).exited_with(0))
        throw Error("no embedded host was made: the lines above say why");
}

// What has made the host of this kernel in a cache. Another version may have another series of patches.
fs::path version_of(const Places& places, const std::string& kernel) {
    return places.build / "embedded-host" / kernel / "version";
}

bool is_of_this_version(const Places& places, const std::string& kernel) {
    const auto file = version_of(places, kernel);
    return !kernel.empty() && fs::exists(file) && read_file(file) == program_version;
}

} // namespace

Places Places::find(const fs::path& chosen) {
    if (chosen.empty()) {
        const auto shared = share();
        const auto cache = shared.empty() ? fs::path() : cache_of_user(shared);
        return cache.empty() ? Places{own_directory()} : Places{cache, true};
    }
    if (!fs::is_directory(chosen))
        throw failure("{} is not a directory: --build names where the built files are", chosen.string());
    return {fs::absolute(chosen)};
}

std::vector<std::string> Places::kernels() const {
    std::vector<std::string> names;
    std::error_code ignored; // no such directory: nothing is built
    for (const auto& entry : fs::directory_iterator(build / "embedded-host", ignored))
        if (fs::exists(entry.path() / "initramfs.cpio")) names.push_back(entry.path().filename().string());
    sort_versions(names);
    return names;
}

std::string Places::kernel(const std::optional<std::string>& chosen) const {
    const auto built = kernels();
    const auto wanted = chosen ? *chosen : built.empty() ? "" : built.front();
    if (may_prepare && !is_of_this_version(*this, wanted)) {
        prepare(build, wanted);
        const auto made = wanted.empty() ? kernels().front() : wanted;
        write_file(version_of(*this, made), program_version);
        return made;
    }
    if (!wanted.empty()) return wanted;
    throw Error(share().empty()
                    ? "no embedded host is built: make one with `make embedded-host`"
                    : "there is no place to build an embedded host: set XDG_CACHE_HOME to a directory");
}

fs::path Places::guest(Boot boot, const fs::path& chosen) const {
    if (!chosen.empty()) {
        if (!fs::is_regular_file(chosen))
            throw failure("guest image {} is missing: check --guest", chosen.string());
        return fs::absolute(chosen);
    }
    const auto* name = boot == Boot::kernel ? "unikernel.elf"
                       : boot == Boot::pvh  ? "unikernel-pvh.elf"
                                            : "exitaudit.iso";
    auto path = build / name;
    if (!fs::is_regular_file(path))
        throw failure("guest image {} is missing: build it with `make {}`, or name one with --guest",
                      path.string(), boot == Boot::iso ? "iso" : "guest");
    return path;
}

fs::path shared_file(const std::string& name) {
    auto path = (share().empty() ? own_directory().parent_path() : share()) / name;
    if (!fs::exists(path))
        throw failure("{} is missing: exitaudit needs its repository, or to be installed with `make install`",
                      path.string());
    return path;
}

std::vector<std::string> series_names() {
    std::vector<std::string> names;
    try {
        const auto top = share().empty() ? own_directory().parent_path() : share();
        for (const auto& entry : fs::directory_iterator(top / "host-kvm-patch")) {
            const auto name = entry.path().filename().string();
            if (name.starts_with("linux-")) names.push_back(name.substr(sizeof("linux-") - 1));
        }
    } catch (const fs::filesystem_error&) { // no /proc, no repository, or the user may not look there
        return {};
    }
    sort_versions(names);
    return names;
}

fs::path find_program(const std::string& name, const std::string& package) {
    auto path = search_path(name);
    if (path.empty()) throw failure("{} is not in PATH: apt-get install {}", name, package);
    return path;
}

std::string qemu_version() {
    const auto text = output_of({"qemu-system-x86_64", "--version"}).out;
    const auto found = Pattern("version ([0-9.]+)").search(text);
    return found ? found->at(1) : "unknown";
}

std::string kernel_name(const std::string& release, const std::string& version) {
    // Debian writes its package's version into uname's version: "#1 SMP Debian 6.1.192-2 (date)".
    if (const auto found = Pattern("Debian ([^ ]+)").search(version))
        return fmt::format("Linux {} {}", release, found->at(1));
    return "Linux " + release;
}

std::string running_kernel() {
    utsname name{};
    uname(&name);
    return kernel_name(name.release, name.version);
}

// These versions check CR0's intercept for reads of any control register. Linux writes CR3 back as it read it
// (native_flush_tlb_global() and others), which would be KVM's own CR3.
void require_intercepted_cr3(const std::string& version) {
    const auto number = plan::parse_version(version);
    if (number && *number >= triggers::qemu_10_0 && *number <= triggers::qemu_11_1)
        throw failure(
            "QEMU {} lets a guest read CR3 without an exit, so that none boots on it with shadow paging: "
            "use --lane vmx, or QEMU 7.2",
            version);
}

std::uint32_t measured_tsc_khz() {
    const auto first = look();
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
    const auto last = look();
    const std::chrono::duration<double, std::milli> elapsed = last.time - first.time;
    return static_cast<std::uint32_t>(
        std::lround(static_cast<double>(last.tsc - first.tsc) / elapsed.count()));
}

} // namespace exitaudit
