// What the host's own instruments counted while the guest ran: KVM's kvm_exit
// tracepoint, summed up in the kernel, and KVM's statistics. Both are told apart from
// the ledger's final state, which must equal them.
#pragma once

#include "exitaudit/witness/host_result.hpp"
#include "exitaudit/witness/perf_counts.hpp"

#include <cstdint>
#include <iosfwd>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace exitaudit {

// KVM's statistics that are compared, by their names in debugfs. The first counts all exits.
std::vector<std::string_view> statistic_names();
inline constexpr std::string_view all_exits = "exits";

// One exit number over the guest's whole life. Cycles are 0 where the ledger's owner wrote none.
struct ExitRow {
    std::uint64_t exit = 0, count = 0, cycles = 0, inside = 0, shortest = 0, longest = 0; // by the ledger
    std::optional<std::uint64_t> traced;                                                  // by the tracepoint
};

class Witness {
public:
    // Takes one line of the testimony that run/embedded-host/init or Instruments gives:
    //   ledger NUMBER|total|undefined COUNT CYCLES INSIDE SHORTEST LONGEST
    //   trace { common_pid: THREAD, exit_reason: NUMBER } hitcount: COUNT
    //   stat NAME VALUE
    // and, if a second, noisy VM ran beside the guest, before any trace:
    //   noise threads THREAD...
    //   noise ledger ...
    // Where not all threads in the trace are the guest's, before any trace:
    //   threads THREAD...
    // What the host could not testify to, and why:
    //   missing ledger|trace|perf REASON
    // The kernel's own log where the guest began and ended, as /dev/kmsg has it:
    //   kmsg PRIORITY,SEQUENCE,TIME,-;audit begins|ends
    // What the histogram says of itself: "histogram     Dropped: COUNT". And, if perf was
    // asked for, what `perf kvm stat report` prints, each line after "perf ".
    // Lines of another form are passed over.
    void line(std::string_view text);

    // A result of perf's must not be missing silently.
    void expect_perf() { perf_expected_ = true; }

    // Compares the ledger with the tracepoint, for every exit number that either has,
    // and with those of KVM's statistics that count exits. Skipped, with the reason,
    // where the host gave no testimony. With a noisy VM, its ledger and the guest's must
    // each equal what the tracepoint saw of their own threads (host.isolation).
    std::vector<HostResult> results() const;

    // Does the host keep a ledger of the guest's VM, whatever it tells the guest?
    bool has_ledger() const { return guest_.has_ledger; }

    // Did a guest that ended itself by this exit leave it in the ledger, as often as the
    // tracepoint saw it? Skipped, with the reason, where the host gave no testimony.
    HostResult last_exit(const std::string& name, std::uint64_t exit) const;

    // What ledger and tracepoint say of each exit number that either has, in order.
    std::vector<ExitRow> exits() const;

    bool is_svm() const { return svm_; }
    std::uint64_t ledger_total() const { return guest_.total; } // exits, by the host's last look

private:
    using Counts = std::map<std::uint64_t, std::uint64_t>; // exit number to exits

    // What is known of one VM.
    struct Vm {
        Counts ledger, trace;
        std::map<std::uint64_t, ExitRow> rows;  // of the ledger, with their cycles
        std::set<std::uint64_t> threads;        // in the trace
        std::uint64_t total = 0, undefined = 0; // by the ledger
        bool has_ledger = false;

        void trace_line(std::uint64_t thread, std::uint64_t exit, std::uint64_t count);
        void ledger_line(std::istream& words);
        std::uint64_t ledger_count(std::uint64_t exit) const;
    };

    void kmsg_line(std::string_view text);
    std::vector<HostResult> compare_counts() const;
    HostResult compare_tracepoint(const Vm& vm) const;
    HostResult compare_statistics() const;
    HostResult compare_isolation() const;
    HostResult compare_perf() const;
    HostResult judge_log() const;
    bool mixes_vms() const;

    std::string reason_without(const std::string& what, const char* otherwise) const;

    Vm guest_, noise_;
    std::set<std::uint64_t> guest_threads_, noise_threads_;   // no guest's: all but the noise's
    std::map<std::string, std::string, std::less<>> missing_; // what, and why
    std::optional<std::uint64_t> log_begin_, log_end_;        // sequence numbers in the kernel's log
    std::uint64_t dropped_ = 0;                               // exits that the histogram had no room for
    std::map<std::string, std::uint64_t, std::less<>> statistics_;
    PerfCounts perf_;
    bool svm_ = false, perf_expected_ = false;
};

} // namespace exitaudit
