// `exitaudit read`: the ledger of the VM that this program runs in, once.
#pragma once

#include "exitaudit/read/options.hpp"
#include "exitaudit/read/reader.hpp"

#include <nlohmann/json_fwd.hpp>

namespace exitaudit {

struct Reading {
    std::vector<Row> rows;
    Totals totals;
};

// The exits that the options name, or all that have happened, then the totals. Error (usage)
// if a name is none of this host's.
Reading take_reading(LedgerReader& reader, const ReadOptions& options);

// As a table for people, a line each.
std::vector<std::string> table_of(const Reading& reading, const LedgerReader& reader);

// As docs/reading.md describes it; no reading where there is none.
nlohmann::ordered_json document_of(const Reading* reading, const LedgerReader& reader);

// Reads and prints. Returns the exit code.
int read_ledger(const ReadOptions& options);

} // namespace exitaudit
