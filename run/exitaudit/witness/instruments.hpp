// This machine's own instruments around a guest on its KVM; run/embedded-host/init does the same in the
// embedded host.
#pragma once

#include "exitaudit/witness/witness.hpp"

#include <filesystem>
#include <fstream>
#include <thread>

namespace exitaudit {

// Where the kernel shows them. exitaudit mounts nothing.
struct InstrumentRoots {
    std::filesystem::path tracing = "/sys/kernel/tracing", debug = "/sys/kernel/debug",
                          modules = "/sys/module";
};

// Why `wanted` is not in the file system of this type that is to be mounted at `root`; empty: it is.
std::string obstacle(const std::filesystem::path& root, const char* type, const std::filesystem::path& wanted,
                     std::string_view otherwise);

// Counts kvm_exit in a tracing instance of its own. What is missing or not permitted is part of the
// testimony.
class Instruments {
public:
    // `traces`: kvm_exit is counted, which adds to each exit's cost.
    explicit Instruments(InstrumentRoots roots = {}, bool traces = true);
    ~Instruments();
    Instruments(const Instruments&) = delete;
    Instruments& operator=(const Instruments&) = delete;

    // Why the tracepoint cannot be counted; empty: it is.
    const std::string& tracing_obstacle() const { return tracing_obstacle_; }

    // Waits, on a thread of its own, for a VM of this process or of its child, and opens the VM's files: an
    // open file keeps the VM's last numbers.
    void watch(int process);

    // What they saw. Call once, after the guest has ended.
    // `has_threads`: the witness knows the threads of the guest's vCPUs.
    void testify(Witness& witness, bool has_threads = false);

    std::filesystem::path events() const { return instance_ / "events/kvm"; } // of KVM, in that instance
private:
    void start_tracing();
    void watch_until(std::stop_token ended, int process);
    bool open_files(const std::filesystem::path& vm);
    void report_trace(Witness& witness, bool has_threads);
    void report_ledger(Witness& witness);
    std::string vcpu_threads() const;

    InstrumentRoots roots_;
    std::filesystem::path instance_;                // empty: there is none to remove
    std::string tracing_obstacle_, debug_obstacle_; // empty: none
    std::filesystem::path vm_;                      // its directory in debugfs; empty: not seen
    std::ifstream ledger_;
    std::map<std::string, std::ifstream, std::less<>> statistics_;
    std::jthread watcher_;
};

} // namespace exitaudit
