// What the sampler wrote while a guest booted, made into phases. Its format: run/exit-sampler/main.cpp.
#pragma once

#include <nlohmann/json.hpp>

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace exitaudit {

struct LedgerRow {
    std::uint64_t count = 0, cycles = 0;
};

using ExitRows = std::map<std::uint64_t, LedgerRow>; // by exit number

LedgerRow row_of(const ExitRows& rows, std::uint64_t exit); // zeros if it is not there

// The ledger at one moment.
struct BootSample {
    double seconds = 0; // since the guest was started
    ExitRows rows;
    LedgerRow undefined, total;
};

struct BootPhase {
    std::string name, note; // the mark's first word, and the rest
    BootSample begin, end;
    bool marked = false; // by the guest, and so in user space

    double seconds() const { return end.seconds - begin.seconds; }
    std::uint64_t exits() const { return end.total.count - begin.total.count; }
    ExitRows rows() const; // of this phase alone, without those that did not grow
};

// One `exitaudit read --json` in the guest.
struct GuestReading {
    std::string command;
    int exit_code = 0;
    nlohmann::json ledger; // docs/reading.md; null if the command printed none
};

class BootLog {
public:
    // Takes a line. Returns the guest's text if it is from the guest's console.
    std::string_view line(std::string_view text);

    // In order of time; the first is the start.
    const std::vector<BootSample>& samples() const { return samples_; }
    bool sampled() const { return samples_.size() > 1; }
    bool spoke() const { return spoke_; } // on its console
    // Did the guest take an exit, or write anything?
    bool started() const { return spoke_ || samples_.back().total.count != 0; }
    bool ended() const { return ended_; }
    int status() const { return status_; }                                 // of QEMU
    std::uint64_t reading() const { return reading_; }                     // exits while the ledger was read
    std::size_t mark_bytes() const { return mark_bytes_; }                 // on the console, of marks
    const std::vector<std::string>& failures() const { return failures_; } // "#failed ..."

    // "#read EXIT-CODE COMMAND JSON"; and what the host saw at each "#look".
    const std::vector<GuestReading>& readings() const { return readings_; }
    const std::vector<BootSample>& looks() const { return looks_; }

    // A guest without marks has one phase, `boot`. Before the first mark there are `firmware` and `kernel` if
    // the guest reported its kernel's clock ("#kernel-clock SECONDS", at the last mark), else `boot`.
    // firmware ends with the last sample before the kernel's start.
    std::vector<BootPhase> phases() const;
private:
    struct Mark {
        std::string name, note;
        std::size_t sample;
    };

    void sample_line(std::string_view text);
    std::string_view console_line(std::string_view text);
    void read_line(std::string_view text);

    std::vector<BootSample> samples_{BootSample{}};
    std::vector<Mark> marks_;
    std::vector<std::string> failures_;
    std::vector<GuestReading> readings_;
    std::vector<BootSample> looks_;
    double kernel_start_ = -1; // negative: unknown
    bool spoke_ = false, ended_ = false;
    int status_ = 0;
    std::uint64_t reading_ = 0;
    std::size_t mark_bytes_ = 0;
};

} // namespace exitaudit
