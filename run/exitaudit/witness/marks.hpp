// What the host's own instruments counted between marks: `run --witness-only`.
//
// The guest writes a mark to a port before and after a trigger's firings (unikernel/audit/run/costs.cpp). The
// port is QEMU's pvpanic, so that QEMU stops the guest there. The instruments are then read while it takes no
// exits.
#pragma once

#include "exitaudit/log/log.hpp"
#include "exitaudit/witness/host_result.hpp"

#include <array>
#include <map>

namespace exitaudit {

// KVM's statistics of one vCPU, and the exit number that each counts (vcpu_enter_guest(), handle_io(),
// io_interception(), __kvm_emulate_halt(), intr_interception(), interrupt_window_interception(),
// handle_nmi_window(), iret_interception(), kvm_emulate_hypercall()). Those without are reported, not judged.
struct MarkedStatistic {
    std::string_view name;
    std::optional<ledger::ExitNumber> vmx{}, svm{};
    bool all = false; // it counts all exits
};
inline constexpr MarkedStatistic io_exits{"io_exits", 30, 0x7b}; // a mark's own
inline constexpr std::array marked_statistics{
    MarkedStatistic{.name = "exits", .all = true},
    io_exits,
    MarkedStatistic{"halt_exits", 12, 0x78},
    MarkedStatistic{"irq_exits", 1, 0x60},
    MarkedStatistic{"irq_window_exits", 7, 0x64},
    MarkedStatistic{"nmi_window_exits", 8, 0x74},
    MarkedStatistic{"hypercalls", 18, 0x81},
    MarkedStatistic{"mmio_exits"},
    MarkedStatistic{"insn_emulation"},
    MarkedStatistic{"signal_exits"},
};

class Marks {
public:
    using Counts = std::map<std::uint64_t, std::uint64_t>; // by exit number
    using Statistics = std::map<std::string, std::uint64_t, std::less<>>;

    // The command with a watcher beside it. It reads the instruments at each stop, and lets QEMU go on.
    // `events`: tracefs's directory of KVM's events, of which kvm_exit has a histogram; `scratch`: a
    // directory for the FIFOs through which it speaks to QEMU.
    static std::vector<std::string> watched(const std::vector<std::string>& command,
                                            const std::string& events, const std::string& scratch);

    // QEMU's words for that: the device, and a monitor by these FIFOs.
    static std::vector<std::string> qemu_words(const std::string& scratch);

    void trace(std::uint64_t exit, std::uint64_t count) { now_.trace[exit] += count; } // since the last mark
    void qmp(std::string_view answer);                                                 // to query-stats
    static std::vector<std::uint64_t> threads(std::string_view answer); // of vCPUs: query-cpus-fast
    void mark(std::uint64_t value);                                     // ends what is since the last

    bool empty() const { return seen_.empty(); }

    // Judges kvm_exit by what the catalogue says of each trigger, and each statistic by kvm_exit. Adds the
    // figures to the results' records, as `instruments` (docs/json.md).
    std::vector<HostResult> judge(Log& log) const;
private:
    struct Growth {
        Counts trace;
        Statistics statistics;
    };

    Growth now_;                           // since the last mark; its statistics are whole counts
    Statistics at_begin_;                  // the same at the last mark that begins firings
    std::map<unsigned long, Growth> seen_; // by the number of the trigger's result
};

} // namespace exitaudit
