// The ledger as a Linux program inside the guest reads it: found once, then row by row.
#pragma once

#include "exitaudit/support/exit_code.hpp"
#include "exitaudit/read/options.hpp"
#include "ledger/probe.hpp"
#include "ledger/numbering.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace exitaudit {

// What the ledger says of one kind of exit. Absent is what this host does not tell. Times
// are in the host's TSC cycles.
struct Row {
    ledger::ExitNumber exit;
    bool undefined = false;  // marked as such; the rest is then 0 or absent
    std::uint64_t count = 0; // 0: none yet, or not enabled in KVM: the leaves answer alike
    std::uint64_t own = 0;   // of them, those that reading had caused by then
    std::optional<std::uint64_t> cycles;
    std::optional<std::uint64_t> inside; // of the cycles, those in KVM alone
    std::optional<ledger::Leaves::Extremes> extremes;
};

struct Totals {
    std::uint32_t count; // modulo 2^32
    std::uint64_t own;   // of them, those that reading caused
    std::uint64_t cycles;
};

// In the ledger's own terms.
ledger::Told told_by(const LedgerOptions& options);

// Counts the CPUIDs that it executes, because each is an exit. One at a time: the count is
// the program's.
class LedgerReader {
public:
    // Probes for the ledger.
    explicit LedgerReader(ledger::CpuidFunction cpuid, const ledger::Told& told = {});

    // Why there is nothing to read, with the exit code that says so; nothing if there is.
    std::optional<Error> obstacle() const;

    const ledger::Probe& probe() const { return probe_; }
    const std::string& vendor() const { return vendor_; } // by CPUID

    // The numbers that the host's edition of its manual defines.
    std::vector<ledger::ExitNumber> defined() const;

    // Count and cycles. Of a row whose count is 0, that alone is asked for.
    Row row(ledger::ExitNumber exit);

    // The same, and the shortest and longest time.
    Row whole_row(ledger::ExitNumber exit);

    Totals totals();

    // CPUIDs executed so far, for the probe and all readings.
    std::uint64_t queries() const;

    // Are the rows' counts modulo 2^32?
    bool narrow() const { return probe_.revision == 0; }

private:
    bool in_vm_;
    std::string vendor_;
    ledger::Probe probe_;
    ledger::Leaves leaves_;
};

// Error (usage) if a word is no exit's number or name with either vendor, with the nearest name.
void check_exits(const std::vector<std::string>& words);

// Their numbers: "12", "0xc", "hlt" in either case, "write_*". Error (usage) if a name is the
// other vendor's alone.
std::vector<ledger::ExitNumber> wanted_exits(const std::vector<std::string>& words,
                                             ledger::Numbering numbering);

} // namespace exitaudit
