// What the host's own instruments counted while the guest ran: KVM's kvm_exit
// tracepoint, summed up in the kernel, and KVM's statistics. Both are told apart from
// the ledger's final state, which must equal them.
#pragma once

#include "log/log.hpp"

#include <cstdint>
#include <iosfwd>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace exitaudit {

// One audit by the host's instruments.
struct HostResult {
    std::string name; // "host.tracepoint", "host.stats"
    Outcome outcome = Outcome::ok;
    std::string message;
    std::vector<std::string> table; // where they differ, a line each
};

class Witness {
public:
    // Takes one line of the embedded host's testimony (run/embedded-host/init):
    //   ledger NUMBER|total|undefined COUNT CYCLES INSIDE SHORTEST LONGEST
    //   trace { common_pid: THREAD, exit_reason: NUMBER } hitcount: COUNT
    //   stat NAME VALUE
    // and, if a second, noisy VM ran beside the guest, before any trace:
    //   noise threads THREAD...
    //   noise ledger ...
    // Lines of another form are passed over.
    void line(std::string_view text);

    // Compares the ledger with the tracepoint, for every exit number that either has,
    // and with those of KVM's statistics that count exits. Skipped, with the reason,
    // where the host gave no testimony. With a noisy VM, its ledger and the guest's must
    // each equal what the tracepoint saw of their own threads (host.isolation).
    std::vector<HostResult> results() const;

    // Did a guest that ended itself by this exit leave it in the ledger, as often as the
    // tracepoint saw it? Skipped, with the reason, where the host gave no testimony.
    HostResult last_exit(const std::string& name, std::uint64_t exit) const;

private:
    using Counts = std::map<std::uint64_t, std::uint64_t>; // exit number to exits

    // What is known of one VM.
    struct Vm {
        Counts ledger, trace;
        std::uint64_t total = 0, undefined = 0; // by the ledger
        bool has_ledger = false;

        void ledger_line(std::istream& words);
        std::uint64_t ledger_count(std::uint64_t exit) const;
    };

    HostResult compare_tracepoint(const Vm& vm) const;
    HostResult compare_statistics() const;
    HostResult compare_isolation() const;

    Vm guest_, noise_;
    std::set<std::uint64_t> noise_threads_;
    std::map<std::string, std::uint64_t, std::less<>> statistics_;
    bool svm_ = false;
};

} // namespace exitaudit
