// `exitaudit compare`, from the files to the exit code.
#pragma once

#include "exitaudit/audit/options.hpp"

namespace exitaudit {

// Prints the comparison, or boots side by side; returns the exit code: 1 if a trigger became
// slower by more than --max-regression. Error if a document is unreadable or they cannot be compared.
int compare_documents(const CompareOptions& options);

} // namespace exitaudit
