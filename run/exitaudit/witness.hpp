// What the host's own instruments counted while the guest ran: KVM's kvm_exit
// tracepoint, summed up in the kernel, and KVM's statistics. Both are told apart from
// the ledger's final state, which must equal them.
#pragma once

#include "log/log.hpp"

#include <cstdint>
#include <map>
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
    //   trace { exit_reason: NUMBER } hitcount: COUNT
    //   stat NAME VALUE
    // Lines of another form are passed over.
    void line(std::string_view text);

    // Compares the ledger with the tracepoint, for every exit number that either has,
    // and with those of KVM's statistics that count exits. Skipped, with the reason,
    // where the host gave no testimony.
    std::vector<HostResult> results() const;

private:
    using Counts = std::map<std::uint64_t, std::uint64_t>; // exit number to exits

    HostResult compare_tracepoint() const;
    HostResult compare_statistics() const;
    std::uint64_t ledger_count(std::uint64_t exit) const;

    Counts ledger_, trace_;
    std::uint64_t ledger_total_ = 0, ledger_undefined_ = 0;
    bool has_ledger_ = false;
    std::map<std::string, std::uint64_t, std::less<>> statistics_;
    bool svm_ = false;
};

} // namespace exitaudit
