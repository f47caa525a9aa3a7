// `exitaudit top`: which exits the VM that this program runs in takes just now.
#pragma once

#include "exitaudit/read/options.hpp"
#include "exitaudit/read/reader.hpp"

namespace exitaudit {

// Shows them until the user ends it. Returns the exit code.
int show_top(const TopOptions& options);

// The same by a reader that has found a ledger.
int show_top(LedgerReader& reader, const TopOptions& options);

} // namespace exitaudit
