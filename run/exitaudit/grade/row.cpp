// Rows as text and as JSON.
#include "exitaudit/grade/grader.hpp"

#include "exitaudit/documents/document.hpp"
#include "exitaudit/support/json.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <sstream>

namespace exitaudit::grade {
namespace {

using nlohmann::json;

std::string_view yes_or_no(const json& builds) {
    return !builds.is_boolean() ? "-" : builds.get<bool>() ? "yes" : "no";
}

json findings_document(const std::vector<Finding>& findings, std::string_view lane = {}) {
    auto list = json::array();
    for (const auto& finding : findings) {
        json document{{"id", finding.id}, {"text", finding.text}};
        if (!lane.empty()) document["lane"] = lane;
        list.push_back(std::move(document));
    }
    return list;
}

void add_to(json& list, const json& more) { list.insert(list.end(), more.begin(), more.end()); }

// A finding of both lanes is printed once.
void add_finding_lines(std::vector<std::string>& lines, const json& findings, std::string_view what) {
    std::vector<std::pair<std::string, std::string>> printed; // lanes, what they found
    for (const auto& finding : findings) {
        const auto lane = text_member(finding, "lane");
        const auto sentence =
            fmt::format("{} [{}]", text_member(finding, "text"), text_member(finding, "id"));
        const auto known = std::ranges::find_if(printed, [&](const auto& p) {
            return !lane.empty() && !p.first.empty() && p.second == sentence;
        });
        if (known == printed.end())
            printed.emplace_back(lane, sentence);
        else
            known->first += fmt::format(", {}", lane);
    }
    for (const auto& [lanes, sentence] : printed)
        lines.push_back(fmt::format("    {}{}{}{}", what, lanes, lanes.empty() ? "" : ": ", sentence));
}

} // namespace

std::string Row::found(Member what) const {
    for (const auto& audit : audits)
        if (!(audit.*what).empty()) return audit.*what;
    return "-";
}

std::string row_header(std::size_t name_width) {
    return fmt::format("{:<{}}  {:<6}  {:<7}  {:<3}  {}", "patch", name_width, "builds", "layout", "sdm",
                       "verdict");
}

std::vector<std::string> row_lines(const json& row, std::size_t name_width) {
    const auto edition = number_member(row, "sdm");
    std::vector<std::string> lines{
        fmt::format("{:<{}}  {:<6}  {:<7}  {:<3}  {}", sanitize(text_member(row, "patch")), name_width,
                    yes_or_no(row.value("builds", json())), text_member(row, "layout", "-"),
                    edition > 0 ? fmt::format("{:.0f}", edition) : "-", text_member(row, "verdict"))};
    add_finding_lines(lines, array_member(row, "findings"), "");
    add_finding_lines(lines, array_member(row, "notes"), "note: ");
    return lines;
}

json report_document(const AuditReport& report) {
    return report.serial_log.empty() && report.verdict.text.empty()
               ? json()
               : run_document(report.log, report.verdict, report.circumstances);
}

json row_document(const Row& row) {
    json document{
        {"patch", sanitize(row.submission.name)},
        {"content", or_null(row.content)},
        {"kind", kind_name(row.submission.kind)},
        {"builds", or_null(row.builds)},
        {"sandbox", or_null(row.sandbox)},
        {"layout", row.found(&Audit::layout) == "-" ? json() : json(row.found(&Audit::layout))},
        {"sdm", row.found(&Audit::edition) == "-" ? json() : json(std::stoul(row.found(&Audit::edition)))},
        {"verdict", row.verdict},
        {"changes", row.changes},
        {"added", row.added},
        {"findings", findings_document(row.findings)},
        {"notes", findings_document(row.notes)},
        {"lanes", json::array()},
        {"points", nullptr},
        {"seconds", row.seconds},
    };
    for (const auto& audit : row.audits) {
        add_to(document["findings"], findings_document(audit.findings, audit.lane->name));
        add_to(document["notes"], findings_document(audit.notes, audit.lane->name));
        document["lanes"].push_back({{"lane", audit.lane->name},
                                     {"verdict", audit.verdict},
                                     {"message", audit.message},
                                     {"report", report_document(audit.report)}});
    }
    return document;
}

std::vector<std::string> added_lines(const Patch& patch) {
    constexpr std::size_t most = 2000;
    std::vector<std::string> added;
    for (const auto& change : patch.changes)
        for (const auto& hunk : change.hunks)
            for (auto& line : lines_of(added_text(hunk)))
                if (added.size() < most) added.push_back(std::move(line));
    return added;
}

} // namespace exitaudit::grade
