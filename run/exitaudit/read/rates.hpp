// Rates of exits: the difference of two readings of all rows; and `exitaudit top`.
#pragma once

#include "exitaudit/read/options.hpp"
#include "exitaudit/read/reader.hpp"

#include <functional>

namespace exitaudit {

// Every row at about one moment.
struct Sample {
    std::chrono::steady_clock::time_point time = std::chrono::steady_clock::now();
    ledger::Numbering numbering;
    bool narrow = false;  // counts are modulo 2^32
    bool of_host = false; // each row is a vCPU's; in a guest, its VM's
    std::vector<Row> rows{};
    std::uint64_t queries = 0; // CPUIDs executed until its end
};

Sample take_sample(LedgerReader& reader);

struct Rate {
    std::optional<Vcpu> vcpu{};
    ledger::ExitNumber exit = 0;
    std::string name{};
    double exits = 0, cycles = 0; // per second
    std::uint64_t new_exits = 0;
    std::uint64_t total = 0;          // since the VM started; maybe modulo 2^32
    std::optional<double> per_exit{}; // cycles; none without exits, or without cycles by exit
    // Cycles within which half, and 99 % of the new exits ended; none without histograms.
    std::optional<std::uint64_t> median{}, p99{};
};

struct Rates {
    double seconds = 0;           // between the two
    double exits = 0, cycles = 0; // per second, of all rows
    double own = 0;               // exits per second that reading caused; they are in the rows
    std::uint64_t queries = 0;    // CPUIDs that the later reading took
    std::vector<Rate> rows{};     // that have ever counted something
    ledger::Numbering numbering;
    bool of_host = false, has_histograms = false;
};

// The rates between two samples from one place. What the earlier one does not have was 0.
Rates rates_between(const Sample& earlier, const Sample& later);

// Sorts by the key; equal ones by vCPU and exit number.
void sort_rates(std::vector<Rate>& rows, SortKey key);

// As a table: a title, the columns' names, at most `limit` rows, their sum, and the cost of reading.
std::vector<std::string> table_of(const Rates& rates, std::size_t limit);

// Shows the rates between samples until the user ends it. Returns the exit code.
int show_top(const std::function<Sample()>& take, const TopOptions& options);

} // namespace exitaudit
