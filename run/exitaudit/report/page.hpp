// `exitaudit report`: documents that --json wrote, as one page for people.
#pragma once

#include "exitaudit/documents/document.hpp"
#include "exitaudit/support/task.hpp"

namespace exitaudit {

void add_report(CLI::App& app, Task& task);

// The page, in one file. A browser takes all text of the documents for data: characters with a meaning in
// HTML are escaped.
std::string page_of(const std::vector<NamedDocument>& documents);

} // namespace exitaudit
