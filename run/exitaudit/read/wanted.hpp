// Which exits the user named.
#pragma once

#include "ledger/numbering.hpp"

#include <string>
#include <vector>

namespace exitaudit {

// Error (usage) if a word is no exit's number or name with either vendor, with the nearest name.
void check_exits(const std::vector<std::string>& words);

// Their numbers: "12", "0xc", "hlt" in either case, "write_*". Error (usage) if a name is the
// other vendor's alone.
std::vector<ledger::ExitNumber> wanted_exits(const std::vector<std::string>& words,
                                             ledger::Numbering numbering);

} // namespace exitaudit
