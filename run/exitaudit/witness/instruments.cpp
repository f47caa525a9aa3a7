// Sets up tracefs and debugfs, and reads them when the guest has ended.
#include "exitaudit/witness/instruments.hpp"

#include "exitaudit/support/take.hpp"

#include <fmt/core.h>

#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstring>

#include <cpuid.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace exitaudit {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view instance_prefix = "exitaudit-", exit_event = "events/kvm/kvm_exit";

// Other VMs' threads are counted, too, and must not use up the room for ours.
constexpr std::string_view histogram_trigger = "hist:keys=common_pid,exit_reason:size=16384";

// A VM lives many times longer.
constexpr auto watch_interval = std::chrono::milliseconds(1);

// An error's text; empty: written.
std::string write_text(const fs::path& path, std::string_view text) {
    const int descriptor = open(path.c_str(), O_WRONLY | O_CLOEXEC);
    const bool written = descriptor >= 0 && write(descriptor, text.data(), text.size()) >= 0;
    const int error = errno;
    if (descriptor >= 0) close(descriptor);
    return written ? "" : fmt::format("cannot write {}: {}", path.string(), std::strerror(error));
}

// Instances of runs that were killed before they could remove theirs.
void remove_stale(const fs::path& instances) {
    std::error_code ignored; // a leftover does no harm
    for (const auto& entry : fs::directory_iterator(instances, ignored)) {
        const auto name = entry.path().filename().string();
        std::string_view rest = name;
        const auto owner = take_prefix(rest, instance_prefix) ? take_number<int>(rest) : std::nullopt;
        if (owner && kill(*owner, 0) != 0 && errno == ESRCH) rmdir(entry.path().c_str());
    }
}

// APM vol. 3, CPUID Fn8000_0001_ECX, bit 2.
bool cpu_has_svm() {
    constexpr unsigned svm_bit = 1U << 2;
    unsigned a = 0, b = 0, c = 0, d = 0;
    return __get_cpuid(0x80000001, &a, &b, &c, &d) && (c & svm_bit);
}

int parent_of(int process) {
    std::ifstream status(fmt::format("/proc/{}/status", process));
    for (std::string line; std::getline(status, line);)
        if (line.starts_with("PPid:")) return std::stoi(line.substr(line.find_first_not_of(" \t", 5)));
    return 0;
}

} // namespace

std::string obstacle(const fs::path& root, const char* type, const fs::path& wanted,
                     std::string_view otherwise) {
    if (access((root / wanted).c_str(), R_OK | X_OK) == 0) return {};
    if (errno == EACCES || errno == EPERM)
        return fmt::format("no permission for {}: run exitaudit as root", root.string());
    std::error_code error;
    if (!fs::exists(root, error) || fs::is_empty(root, error))
        return fmt::format("{0} is not mounted: as root, mount -t {1} none {0}", root.string(), type);
    return fmt::format("{} is missing: {}", (root / wanted).string(), otherwise);
}

Instruments::Instruments(InstrumentRoots roots, bool traces) : roots_(std::move(roots)) {
    tracing_obstacle_ =
        traces ? obstacle(roots_.tracing, "tracefs", exit_event, "this KVM has no such tracepoint")
               : "only costs are measured";
    if (tracing_obstacle_.empty()) start_tracing();
    debug_obstacle_ = obstacle(roots_.debug, "debugfs", "kvm", "is KVM loaded?");
}

Instruments::~Instruments() {
    // The trigger goes with its instance.
    if (!instance_.empty()) rmdir(instance_.c_str());
}

void Instruments::start_tracing() {
    const auto instances = roots_.tracing / "instances";
    remove_stale(instances);
    const auto instance = instances / fmt::format("{}{}", instance_prefix, getpid());
    if (mkdir(instance.c_str(), 0700) != 0 && errno != EEXIST) {
        tracing_obstacle_ = fmt::format("cannot make {}: {}", instance.string(), std::strerror(errno));
        return;
    }
    instance_ = instance;
    tracing_obstacle_ = write_text(instance_ / exit_event / "trigger", histogram_trigger);
    if (!tracing_obstacle_.empty()) tracing_obstacle_ += ": it needs a kernel with CONFIG_HIST_TRIGGERS";
}

void Instruments::watch(int process) {
    if (debug_obstacle_.empty())
        watcher_ =
            std::jthread([this, process](std::stop_token ended) { watch_until(std::move(ended), process); });
}

void Instruments::watch_until(std::stop_token ended, int process) {
    for (;; std::this_thread::sleep_for(watch_interval)) {
        std::error_code ignored; // KVM may be unloaded meanwhile
        // kvm/PID-FD, with the PID of the process that made the VM (kvm_create_vm_debugfs())
        for (const auto& entry : fs::directory_iterator(roots_.debug / "kvm", ignored)) {
            const auto name = entry.path().filename().string();
            std::string_view rest = name;
            const auto owner = take_number<int>(rest);
            if (owner && (*owner == process || parent_of(*owner) == process) && open_files(entry.path()))
                return;
        }
        if (ended.stop_requested()) return;
    }
}

bool Instruments::open_files(const fs::path& vm) {
    ledger_.open(vm / "exit_ledger");
    if (!ledger_) // not yet, or not patched
        return false;
    vm_ = vm;
    for (const auto name : statistic_names()) statistics_.emplace(name, vm / name);
    return true;
}

void Instruments::testify(Witness& witness, bool has_threads) {
    watcher_ = {}; // stopped and waited for
    witness.line(cpu_has_svm() ? "vendor kvm-amd" : "vendor kvm-intel");
    report_ledger(witness);
    report_trace(witness, has_threads);
}

void Instruments::report_ledger(Witness& witness) {
    if (vm_.empty()) {
        const auto why = debug_obstacle_.empty()
                             ? "the guest's VM showed no exit_ledger in debugfs: is this KVM patched?"
                             : debug_obstacle_;
        witness.line("missing ledger " + why);
        return;
    }
    for (std::string line; std::getline(ledger_, line);) witness.line("ledger " + line);
    std::string unrestricted;
    std::ifstream(roots_.modules / "kvm_intel/parameters/unrestricted_guest") >> unrestricted;
    for (auto& [name, file] : statistics_)
        // Counts emulated entries as well: see run/embedded-host/init.
        if (std::string value; !(name == all_exits && unrestricted == "N") && file >> value)
            witness.line(fmt::format("stat {} {}", name, value));
}

void Instruments::report_trace(Witness& witness, bool has_threads) {
    const auto threads = vcpu_threads();
    if (tracing_obstacle_.empty() && threads.empty() && !has_threads)
        tracing_obstacle_ =
            "this KVM does not show the threads of its vCPUs (debugfs's vcpu*/pid, since Linux 6.0)";
    if (!tracing_obstacle_.empty()) {
        witness.line("missing trace " + tracing_obstacle_);
        return;
    }
    if (!has_threads) witness.line("threads" + threads);
    std::ifstream histogram(instance_ / exit_event / "hist");
    for (std::string line; std::getline(histogram, line);)
        witness.line((line.starts_with("{") ? "trace " : "histogram ") + line);
}

// The thread that ran each of the VM's vCPUs last; QEMU never changes it.
std::string Instruments::vcpu_threads() const {
    std::string threads;
    std::error_code ignored; // no VM: no threads
    for (const auto& entry : fs::directory_iterator(vm_, ignored)) {
        std::string thread;
        if (entry.path().filename().string().starts_with("vcpu") &&
            std::ifstream(entry.path() / "pid") >> thread)
            threads += " " + thread;
    }
    return threads;
}

} // namespace exitaudit
