// Reads and writes documents; prints verdicts.
#include "exitaudit/documents/document.hpp"

#include "exitaudit/support/exit_code.hpp"
#include "exitaudit/support/file.hpp"
#include "exitaudit/support/json.hpp"

#include <algorithm>
#include <array>

#include <fmt/format.h>

namespace exitaudit {
namespace {

using nlohmann::json;

constexpr int schema = 1;
constexpr std::array kinds{"run", "grade", "boot"};

json result_document(const Result& result) {
    auto document = result.record.is_object() ? result.record : json::object();
    document.erase("record");
    document["number"] = result.number;
    document["name"] = result.name;
    document["verdict"] = outcome_name(result.outcome);
    document["message"] = result.message;
    if (!result.diagnosis.empty()) document["diagnosis"] = result.diagnosis;
    return document;
}

json environment_document(const Circumstances& circumstances) {
    auto host = document_of(circumstances.facts);
    host["kernel"] = or_null(circumstances.kernel);
    return {
        {"host", host},
        {"emulator", or_null(circumstances.emulator)},
        {"machine",
         {{"cpu", or_null(circumstances.machine.cpu)}, {"kernel", or_null(circumstances.machine_kernel)}}}};
}

json exits_document(const Circumstances& circumstances) {
    auto document = json::array();
    for (const auto& row : circumstances.exits) {
        document.push_back({{"exit", row.exit},
                            {"exit_name", exit_name(circumstances.svm, row.exit)},
                            {"count", row.count},
                            {"cycles", row.cycles},
                            {"inside", row.inside},
                            {"min", row.shortest},
                            {"max", row.longest},
                            {"traced", or_null(row.traced)}});
        if (!row.buckets.empty()) document.back()["buckets"] = filled(row.buckets);
    }
    return document;
}

json host_documents(const std::vector<HostResult>& results) {
    auto documents = json::array();
    for (const auto& result : results)
        documents.push_back({{"name", result.name},
                             {"verdict", outcome_name(result.outcome)},
                             {"message", result.message},
                             {"table", result.table}});
    return documents;
}

} // namespace

json read_document(const std::string& path) {
    auto document = json::parse(read_file(path == "-" ? "/dev/stdin" : path), nullptr, false);
    if (!document.is_object() || !document.contains("schema"))
        throw Error(path + " is no document that --json of exitaudit run, judge, grade or boot writes");
    if (document["schema"] != schema)
        throw failure("{} has schema {}: this exitaudit reads schema {}", path, document["schema"].dump(),
                      schema);
    const auto kind = text_member(document, "kind");
    if (std::ranges::find(kinds, kind) == kinds.end())
        throw failure(
            "{} is of kind '{}': report takes documents of kind run, grade and boot, compare of run or boot",
            path, kind);
    return document;
}

std::vector<std::string> failure_lines(const Log& log) {
    std::vector<std::string> lines;
    for (const auto& result : log.results) {
        if (result.outcome != Outcome::not_ok) continue;
        auto line = fmt::format("failed: {}: {}", result.name, result.message);
        if (!result.diagnosis.empty()) line += "; " + result.diagnosis;
        lines.push_back(std::move(line));
    }
    return lines;
}

std::vector<std::string> finding_lines(const Circumstances& circumstances) {
    std::vector<std::string> lines;
    for (const auto& finding : circumstances.causes.findings)
        lines.push_back(fmt::format("finding: {}: {}", finding.id, finding.text));
    for (const auto& note : circumstances.causes.notes)
        lines.push_back(fmt::format("note: {}: {}", note.id, note.text));
    if (const auto& names = circumstances.causes.unexplained; !names.empty())
        lines.push_back(fmt::format("{} failure{} unexplained: {}", names.size(),
                                    names.size() == 1 ? "" : "s", fmt::join(names, ", ")));
    return lines;
}

std::vector<std::string> host_lines(const std::vector<HostResult>& results) {
    std::vector<std::string> lines;
    for (const auto& result : results) {
        const auto skip = result.outcome == Outcome::skip;
        lines.push_back(fmt::format("{} {} # {}{}", skip ? "ok" : outcome_name(result.outcome), result.name,
                                    skip ? "SKIP " : "", result.message));
        for (const auto& row : result.table) lines.push_back("# " + row);
    }
    return lines;
}

std::string_view verdict_word(ExitCode code) {
    switch (code) {
    case ExitCode::pass: return "pass";
    case ExitCode::audit_failed: return "fail";
    case ExitCode::usage: return "usage";
    case ExitCode::not_patched: return "not-patched";
    case ExitCode::could_not_run:
    case ExitCode::no_series:
    case ExitCode::refused:
    case ExitCode::not_built: break;
    }
    return "could-not-run";
}

std::string verdict_line(const Verdict& verdict, const Circumstances& circumstances) {
    std::vector<std::string> known;
    if (!circumstances.lane.empty()) known.push_back(circumstances.lane + " lane");
    if (!circumstances.kernel.empty()) known.push_back(circumstances.kernel);
    if (!circumstances.qemu.empty()) known.push_back("QEMU " + circumstances.qemu);
    if (circumstances.seconds) known.push_back(fmt::format("{:.1f} s", *circumstances.seconds));
    return known.empty() ? verdict.text : fmt::format("{} ({})", verdict.text, fmt::join(known, ", "));
}

json document_start(std::string_view kind, const Verdict& verdict, const Circumstances& circumstances) {
    return {
        {"schema", 1},
        {"kind", kind},
        {"verdict", verdict_word(verdict.code)},
        {"message", verdict.text},
        {"exit_code", static_cast<int>(verdict.code)},
        {"lane", or_null(circumstances.lane)},
        {"kernel", or_null(circumstances.kernel)},
        {"qemu", or_null(circumstances.qemu)},
        {"seconds", or_null(circumstances.seconds)},
        {"environment", environment_document(circumstances)},
        {"host", host_documents(circumstances.host)},
    };
}

json run_document(const Log& log, const Verdict& verdict, const Circumstances& circumstances) {
    auto document = document_start("run", verdict, circumstances);
    document.update({
        {"run", log.run},
        {"platform", log.platform},
        {"end", log.end},
        {"results", json::array()},
        {"findings", json::array()},
        {"notes", json::array()},
        {"unexplained", circumstances.causes.unexplained},
        {"exits", exits_document(circumstances)},
        {"timed_out", circumstances.timed_out},
        {"crashed", circumstances.crashed},
        {"trouble", or_null(circumstances.trouble)},
        {"complaint", or_null(circumstances.complaint)},
        {"console", verdict.complete ? json::array() : json(circumstances.console)},
    });
    for (const auto& result : log.results) document["results"].push_back(result_document(result));
    for (const auto& finding : circumstances.causes.findings)
        document["findings"].push_back({{"id", finding.id},
                                        {"or", or_null(finding.or_id)},
                                        {"text", finding.text},
                                        {"explains", finding.explains},
                                        {"source", finding.source}});
    for (const auto& note : circumstances.causes.notes)
        document["notes"].push_back({{"id", note.id}, {"text", note.text}});
    return document;
}

void write_documents(const std::filesystem::path& json_file, const std::filesystem::path& junit_file,
                     const nlohmann::json& document) {
    if (!json_file.empty()) write_file(json_file, document_text(document));
    if (!junit_file.empty()) write_file(junit_file, junit_document(document));
}

} // namespace exitaudit
