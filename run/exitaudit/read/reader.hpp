// Reads the ledger from a Linux program inside the guest.
#pragma once

#include "exitaudit/support/exit_code.hpp"
#include "exitaudit/read/options.hpp"
#include "exitaudit/witness/histogram.hpp"
#include "ledger/profile.hpp"

#include <compare>
#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <tuple>

namespace exitaudit {

// The vCPU whose exits a host counts.
struct Vcpu {
    std::string vm;   // its directory in debugfs, PID-FD
    std::string name; // of the VM; nothing in it needs escaping
    unsigned number;

    // Whatever the name: a process may change it.
    auto operator<=>(const Vcpu& other) const {
        return std::tie(vm, number) <=> std::tie(other.vm, other.number);
    }
    bool operator==(const Vcpu& other) const { return *this <=> other == 0; }
};

// One exit number in the ledger. Absent: this host does not report it. Times are in the host's TSC cycles.
struct Row {
    std::optional<Vcpu> vcpu{}; // absent in a guest, whose rows are those of its whole VM
    ledger::ExitNumber exit;
    bool undefined = false;  // the rest is then 0 or absent
    std::uint64_t count = 0; // 0: none yet, or not enabled in KVM: the leaves answer alike
    std::uint64_t own = 0;   // of them, by reading until then
    std::optional<std::uint64_t> cycles{};
    std::optional<std::uint64_t> inside{}; // of the cycles, those in KVM alone
    std::optional<ledger::Leaves::Extremes> extremes{};
    Buckets buckets{}; // empty: not read, or the host keeps none
};

struct Totals {
    std::uint32_t count; // modulo 2^32
    std::uint64_t own;   // of them, by reading
    std::uint64_t cycles;
};

// As unikernel/ledger takes them.
ledger::Overrides overrides_of(const LedgerOptions& options);

// Counts the CPUIDs that it executes, because each is an exit. Only one reader may exist at a time: the count
// is global.
class LedgerReader {
public:
    // Finds out what kind of ledger there is.
    explicit LedgerReader(ledger::CpuidFunction cpuid, const ledger::Overrides& overrides = {});

    // Why there is nothing to read, with the exit code that says so; nothing if there is.
    std::optional<Error> obstacle() const;

    const ledger::Profile& profile() const { return profile_; }
    const std::string& vendor() const { return vendor_; } // by CPUID

    // The numbers that the host's edition of its manual defines.
    std::vector<ledger::ExitNumber> defined() const;

    Row row(ledger::ExitNumber exit);       // Count and cycles. If the count is 0, the cycles are not read.
    Row whole_row(ledger::ExitNumber exit); // the same, and the shortest and longest time

    // Does the host keep histograms?
    bool has_histograms() const { return has_histograms_; }

    // How long the exits took. Only buckets between the shortest and the longest time are asked for.
    Buckets buckets(ledger::ExitNumber exit);

    Totals totals();

    std::uint64_t queries() const; // CPUIDs executed so far, for the profile and all readings

    // Are the rows' counts modulo 2^32?
    bool narrow() const { return profile_.revision == 0; }
private:
    bool in_vm_;
    std::string vendor_;
    ledger::Profile profile_;
    ledger::Leaves leaves_;
    bool has_histograms_;
};

// Error (usage), with the nearest name, if a word is no exit's number or name of either vendor.
void check_exits(const std::vector<std::string>& words);

// The exits' numbers: "12", "0xc", "hlt" in either case, "write_*". Error (usage) if only the other vendor
// has a name.
std::vector<ledger::ExitNumber> wanted_exits(const std::vector<std::string>& words,
                                             ledger::Numbering numbering);

struct Reading {
    std::vector<Row> rows;
    Totals totals;
};

// The exits that the options name, or all that have happened, then the totals. Error (usage) if this host has
// no exit of a name; Error if it keeps no histograms and the options ask for them.
Reading take_reading(LedgerReader& reader, const ReadOptions& options);

// As a table for people, a line each.
std::vector<std::string> table_of(const Reading& reading, const LedgerReader& reader);

// The rows' histograms as charts for people, a line for each bucket from the first to the last that is
// filled.
std::vector<std::string> charts_of(const std::vector<Row>& rows, ledger::Numbering numbering);

// docs/reading.md. `reading`: null if there is none.
nlohmann::ordered_json document_of(const Reading* reading, const LedgerReader& reader);

std::string text_of(const std::optional<std::uint64_t>& number); // "-" for none

// As people read a row's exit: "0x7b io".
std::string name_of(const Row& row, ledger::Numbering numbering);

// Reads and prints. Returns the exit code.
int read_ledger(const ReadOptions& options);

} // namespace exitaudit
