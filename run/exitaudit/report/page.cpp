// Putting documents into the page.
#include "exitaudit/report/page.hpp"

#include "exitaudit/support/command_line.hpp"
#include "exitaudit/support/exit_code.hpp"
#include "exitaudit/support/file.hpp"

extern "C" const char exitaudit_page_shell[], exitaudit_page_shell_end[];

namespace exitaudit {
namespace {

using nlohmann::json;

constexpr auto report_footer = R"(
Examples:
  exitaudit report before.json after.json boot.json -o report.html

Exit codes: 0 written; 2 usage; 3 a document cannot be read, or the page not written.)";

constexpr std::string_view place = "@DOCUMENTS@";

// In JSON these characters occur only in strings, where an escape means the same.
std::string without_markup(const std::string& text) {
    std::string safe;
    for (const char c : text) switch (c) {
        case '<': safe += "\\u003c"; break;
        case '>': safe += "\\u003e"; break;
        case '&': safe += "\\u0026"; break;
        default: safe += c;
        }
    return safe;
}

struct ReportOptions {
    std::vector<std::string> documents; // paths; "-": standard input
    std::filesystem::path output;
};

// Writes the page. Returns the exit code. Error if a document is unreadable or the page cannot be written.
int write_page(const ReportOptions& options) {
    std::vector<NamedDocument> documents;
    for (const auto& path : options.documents)
        documents.push_back({path == "-" ? "standard input" : std::filesystem::path(path).filename().string(),
                             read_document(path)});
    write_file(options.output, page_of(documents));
    return static_cast<int>(ExitCode::pass);
}

} // namespace

std::string page_of(const std::vector<NamedDocument>& documents) {
    auto data = json::array();
    for (const auto& [file, document] : documents) data.push_back({{"file", file}, {"document", document}});
    const std::string_view shell(exitaudit_page_shell,
                                 static_cast<std::size_t>(exitaudit_page_shell_end - exitaudit_page_shell));
    const auto at = shell.find(place);
    return std::string(shell.substr(0, at)) +
           without_markup(data.dump(-1, ' ', true, json::error_handler_t::replace)) +
           std::string(shell.substr(at + place.size()));
}

void add_report(CLI::App& app, Task& task) {
    auto [command, options] = add_command(app, task, "report", "make one HTML page of what --json wrote",
                                          report_footer, write_page);
    command.add_option("DOCUMENT", options.documents, "what --json wrote; - for standard input")->required();
    add(command, "-o,--output", options.output, "FILE", "write the page to FILE")->required();
}

} // namespace exitaudit
