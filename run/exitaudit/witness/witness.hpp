// What the host's own instruments counted while the guest ran: KVM's kvm_exit tracepoint, summed up in the
// kernel, and KVM's statistics. The ledger's final state must equal both.
#pragma once

#include "exitaudit/witness/ledger_text.hpp"
#include "exitaudit/witness/marks.hpp"

#include <iosfwd>
#include <map>
#include <set>
#include <cstddef>

namespace exitaudit {

class PerfCounts {
public:
    void line(std::string_view text); // takes one line of the report

    // Compares the report with the ledger's counts by exit number, of which `undefined` have none; or with
    // those of `what`. Each of `threads` ran a vCPU. Skipped where perf lost events or reported nothing.
    HostResult compare(const std::map<std::uint64_t, std::uint64_t>& ledger, std::uint64_t undefined,
                       std::size_t threads, bool svm, std::string_view what = "ledger") const;
private:
    std::string obstacle(std::size_t threads) const;

    std::map<std::string, std::uint64_t> counts_;
    std::string lost_, last_line_;
};

// The statistics that are compared, by their names in debugfs; the first counts all exits
// (vcpu_enter_guest()).
std::vector<std::string_view> statistic_names();
inline constexpr std::string_view all_exits = "exits";

inline constexpr auto earlier_vm_audit = "host.earlier-vm";

class Witness {
public:
    // Takes one line from run/embedded-host/init or Instruments; ignores lines of another form:
    //   ledger NUMBER|total|undefined COUNT CYCLES INSIDE SHORTEST LONGEST {BUCKET:COUNT}...
    //   trace { common_pid: THREAD, exit_reason: NUMBER } hitcount: COUNT
    //   stat NAME VALUE
    //   threads THREAD...               before any trace, if not all its threads are the guest's
    //   noise threads THREAD...         before any trace, if a noisy VM ran beside the guest
    //   noise ledger ...                likewise
    //   missing ledger|trace|perf REASON
    //   kmsg PRIORITY,SEQUENCE,TIME,-;audit begins|ends    from the kernel's log, by /dev/kmsg
    //   histogram     Dropped: COUNT
    //   earlier-vm counted|unchanged
    //   stress NAME ok|failed TEXT      of run/embedded-host/stress.cpp
    //   perf ...                        lines of `perf kvm stat report`
    //   qmp ANSWER                      of QEMU, at a mark
    //   mark { port: PORT, val: VALUE } hitcount: 1
    void line(std::string_view text);

    // Reports a missing perf result, too.
    void expect_perf() { perf_expected_ = true; }

    // Did the leaves count for the VM before the guest, which does not read leaves of our own? None: unknown.
    std::optional<HostResult> earlier_vm() const;

    // Reports a missing end of the stress, too.
    void expect_stress() { stress_expected_ = true; }

    // Compares the ledger with the tracepoint, for every exit number that either has, and with those of KVM's
    // statistics that count exits. Skipped, with the reason, without testimony. With a noisy VM, each ledger
    // must equal what the tracepoint saw of its own VM's threads (host.isolation).
    std::vector<HostResult> results() const;

    // Does the host keep a ledger of the guest's VM, whatever its leaves answer?
    bool has_ledger() const { return guest_.has_ledger; }

    // What the instruments saw between the guest's marks, and over its whole life: `run --witness-only`.
    std::vector<HostResult> judge_marks(Log& log) const;

    // Did a guest that ended by this exit leave it in the ledger, as often as the tracepoint saw it? Skipped,
    // with the reason, without testimony.
    HostResult last_exit(const std::string& name, std::uint64_t exit) const;

    // Ledger and tracepoint for each exit number that either has, in order.
    std::vector<ExitRow> exits() const;

    bool is_svm() const { return svm_; }
    std::uint64_t ledger_total() const { return guest_.total; } // of exits, in the end
private:
    using Counts = std::map<std::uint64_t, std::uint64_t>; // exit number to exits

    // What is known of one VM.
    struct Vm {
        Counts ledger, trace;
        std::map<std::uint64_t, ExitRow> rows;  // of the ledger, with their cycles
        std::set<std::uint64_t> threads;        // in the trace
        std::uint64_t total = 0, undefined = 0; // by the ledger
        bool has_ledger = false;

        void ledger_line(std::istream& words);
    };

    void stress_line(std::istream& words);
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
    std::set<std::uint64_t> guest_threads_, noise_threads_;   // no guest_threads_: all but the noise's
    std::map<std::string, std::string, std::less<>> missing_; // what, and why
    std::optional<std::uint64_t> log_begin_, log_end_;        // sequence numbers in the kernel's log
    std::uint64_t dropped_ = 0;                               // exits that the histogram had no room for
    std::map<std::string, std::uint64_t, std::less<>> statistics_;
    std::vector<HostResult> stress_;
    PerfCounts perf_;
    Marks marks_;
    std::optional<bool> earlier_vm_counted_;
    bool svm_ = false, perf_expected_ = false, stress_expected_ = false;
};

} // namespace exitaudit
