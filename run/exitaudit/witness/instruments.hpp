// This machine's own instruments, set up round a guest that runs on its KVM: what
// run/embedded-host/init does in the embedded host.
#pragma once

#include "exitaudit/witness/witness.hpp"

#include <filesystem>
#include <fstream>
#include <map>
#include <string>
#include <thread>

namespace exitaudit {

// Where the kernel shows them. Nothing is ever mounted there by us.
struct InstrumentRoots {
    std::filesystem::path tracing = "/sys/kernel/tracing", debug = "/sys/kernel/debug",
                          modules = "/sys/module";
};

// Counts kvm_exit in a tracing instance of its own, so that it is in nobody's way.
// Whatever is not there or not permitted is remembered, and told by the testimony.
class Instruments {
public:
    explicit Instruments(InstrumentRoots roots = {});
    ~Instruments();
    Instruments(const Instruments&) = delete;
    Instruments& operator=(const Instruments&) = delete;

    // Why the tracepoint cannot be counted; empty: it is.
    const std::string& tracing_obstacle() const { return tracing_obstacle_; }

    // Looks out, on a thread of its own, for the VM of this process or of a child of its
    // and opens the VM's files: an open one keeps the VM, and so its last numbers.
    void watch(int process);

    // What they saw. To be called once, when the guest has ended.
    Witness testimony();

private:
    void start_tracing();
    void watch_until(std::stop_token ended, int process);
    bool open_files(const std::filesystem::path& vm);
    void tell_trace(Witness& witness);
    void tell_ledger(Witness& witness);
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
