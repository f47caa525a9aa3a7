// `exitaudit report`: documents that --json wrote, as one page for people.
#pragma once

#include "exitaudit/support/task.hpp"

#include <filesystem>

#include <string>
#include <vector>

namespace exitaudit {

struct ReportOptions {
    std::vector<std::string> documents; // paths; "-": standard input
    std::filesystem::path output;
};

void add_report(CLI::App& app, Task& task);

struct NamedDocument;

// The page, in one file. A browser takes all text of the documents for data: characters with a meaning in
// HTML are escaped.
std::string page_of(const std::vector<NamedDocument>& documents);

// Writes the page. Returns the exit code. Error if a document is unreadable or the page cannot be written.
int write_page(const ReportOptions& options);

} // namespace exitaudit
