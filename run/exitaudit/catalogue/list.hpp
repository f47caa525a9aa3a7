// The catalogue of triggers and audits, for people and programs to read.
#pragma once

#include "exitaudit/audit/options.hpp"

namespace exitaudit {

// Prints what the catalogue has under these names. Returns the exit code. Error
// (usage) if a name matches nothing.
int list_catalogue(const ListOptions& options);

} // namespace exitaudit
