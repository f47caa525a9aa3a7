// How fast the ledger grows: two readings of all rows, and what `top` makes of them.
#pragma once

#include "exitaudit/read/options.hpp"
#include "exitaudit/read/reader.hpp"

#include <chrono>
#include <string>
#include <vector>

namespace exitaudit {

// Every row at about one moment.
struct Sample {
    std::chrono::steady_clock::time_point time;
    std::vector<Row> rows; // by exit number
    std::uint64_t queries; // CPUIDs executed until its end
};

Sample take_sample(LedgerReader& reader);

struct Rate {
    ledger::ExitNumber exit;
    std::string name;
    double exits, cycles; // per second
    std::uint64_t new_exits;
    std::uint64_t total; // since the VM started; modulo 2^32 where the host tells no more
    std::optional<double>
        per_exit; // cycles of those exits; none where there were none, or the layout has no cycles by exit
};

struct Rates {
    double seconds;         // between the two
    double exits, cycles;   // per second, of all rows
    double own;             // exits per second that reading caused; they are in the rows
    std::uint64_t queries;  // CPUIDs that the later reading took
    std::vector<Rate> rows; // that have ever counted something
};

// What happened between two samples of the reader's.
Rates rates_between(const Sample& earlier, const Sample& later, const LedgerReader& reader);

// By the key; equal ones by exit number.
void sort_rates(std::vector<Rate>& rows, SortKey key);

// As a table, a line each: what it is, the columns' names, at most `limit` rows, their sum,
// and what reading costs.
std::vector<std::string> table_of(const Rates& rates, const LedgerReader& reader, std::size_t limit);

// Shows them until the user ends it. Returns the exit code.
int show_top(const TopOptions& options);

// The same by a reader that has found a ledger.
int show_top(LedgerReader& reader, const TopOptions& options);

} // namespace exitaudit
