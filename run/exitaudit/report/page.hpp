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

// The page, which needs nothing but itself. Whatever text the documents hold, a browser
// takes it for data: no character that HTML gives a meaning stands in it.
std::string page_of(const std::vector<NamedDocument>& documents);

// Writes the page that the options ask for; returns the exit code. Error if a document is
// unreadable or the page cannot be written.
int write_page(const ReportOptions& options);

} // namespace exitaudit
