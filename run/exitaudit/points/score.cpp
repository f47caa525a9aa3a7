// From findings to points.
#include "exitaudit/points/score.hpp"

#include "exitaudit/support/exit_code.hpp"
#include "exitaudit/support/json.hpp"
#include "exitaudit/support/untrusted.hpp"
#include "plan/near_match.hpp"

#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <set>

namespace exitaudit::points {
namespace {

using nlohmann::json;

// Points are shown to the hundredth: so that no sum shows how binary fractions are rounded.
double rounded(double points) { return std::round(100 * points) / 100; }

// Did the main run of each lane come to its end? A later run that crashes leaves its results standing.
bool main_runs_ended(const json& row) {
    const auto& lanes = array_member(row, "lanes");
    return !lanes.empty() && std::ranges::all_of(lanes, [](const json& lane) {
        const auto& report = object_member(lane, "report");
        return !object_member(report, "end").empty() && report.value("crashed", json()) != true;
    });
}

// Why nothing that takes an audit can earn points; empty if it can.
std::string why_no_audit(const json& row) {
    const auto verdict = text_member(row, "verdict");
    if (verdict == "refused") return "The submission was refused, so it was not audited.";
    if (verdict == "does-not-apply") return "The patch does not apply, so it was not audited.";
    if (verdict == "does-not-compile" || verdict == "could-not-build")
        return "It does not compile, so it was not audited.";
    if (verdict == "no-ledger") return "No line of it mentions a leaf of the ledger.";
    if (verdict == "not-patched") return "No ledger answers.";
    const auto forged = [](const json& finding) { return text_member(finding, "id") == "log-inconsistent"; };
    if (std::ranges::any_of(array_member(row, "findings"), forged))
        return "The guest's log cannot be trusted.";
    if ((verdict != "crashes" && verdict != "hangs") || main_runs_ended(row)) return {};
    return verdict == "crashes" ? "The host crashed before the audits were done."
                                : "The host hung before the audits were done.";
}

std::string why_not_graded(const json& row) {
    std::string text = "It could not be graded";
    const auto& findings = array_member(row, "findings");
    if (!findings.empty()) text += ": " + sanitize(text_member(findings.front(), "text"));
    return text + ".";
}

// What is known of the item, and what it costs.
struct Losses {
    double points = 0;
    std::vector<std::string> remarks{};

    // False if nothing of it is the item's.
    bool add(const json& findings, const Costs& costs) {
        std::set<std::string> known; // of both lanes it counts once
        for (const auto& finding : findings) {
            const auto id = text_member(finding, "id");
            const auto cost = costs.find(id);
            if (cost == costs.end() || !known.insert(id).second) continue;
            points += cost->second;
            remarks.push_back(fmt::format("{} ({})", sanitize(text_member(finding, "text")), id));
        }
        return !known.empty();
    }
};

// What failed of an item's audits, and the findings that explain it.
struct Failed {
    std::set<std::string> audits{}, findings{};

    std::string remark() const {
        return fmt::format("{} of its audits fail{}{}{}", audits.size(), audits.size() == 1 ? "s" : "",
                           findings.empty() ? "" : ": see ", fmt::join(findings, ", "));
    }
};

Failed failed_audits(const Item& item, const json& row) {
    Failed failed;
    for (const auto& lane : array_member(row, "lanes")) {
        const auto& report = object_member(lane, "report");
        for (const auto& result : array_member(report, "results")) {
            const auto name = text_member(result, "name");
            const auto is_it = [&](const std::string& glob) { return plan::matches(glob, name); };
            if (text_member(result, "verdict") != "not ok" || std::ranges::none_of(item.audits, is_it))
                continue;
            failed.audits.insert(name);
            for (const auto& finding : array_member(report, "findings"))
                if (std::ranges::count(array_member(finding, "explains"), json(name)) != 0)
                    failed.findings.insert(sanitize(text_member(finding, "id")));
        }
    }
    return failed;
}

ItemScore judge(const Item& item, const json& row, const std::string& no_audit) {
    ItemScore score{item.name, item.title, 0, item.points, no_audit};
    if (item.audit && !no_audit.empty()) return score;
    Losses losses;
    const bool found = losses.add(array_member(row, "findings"), item.findings);
    losses.add(array_member(row, "notes"), item.notes);
    if (const auto failed = failed_audits(item, row); !found && !failed.audits.empty()) {
        losses.points = item.points;
        losses.remarks.push_back(failed.remark());
    }
    const auto lost = std::min(losses.points, item.points);
    score.points = rounded(item.points - lost);
    score.feedback = losses.remarks.empty() ? "No fault was found."
                     : lost > 0 ? fmt::format("Lost {} of {} points: {}.", rounded(lost), item.points,
                                              fmt::join(losses.remarks, "; "))
                                : fmt::format("No points are lost: {}.", fmt::join(losses.remarks, "; "));
    return score;
}

} // namespace

Score score_of(const json& row, const Rubric& rubric) {
    Score score;
    score.most = rounded(rubric.points());
    const bool graded = was_graded(row);
    double sum = 0;
    for (const auto& item : rubric.items) {
        score.items.push_back(graded
                                  ? judge(item, row, why_no_audit(row))
                                  : ItemScore{item.name, item.title, {}, item.points, why_not_graded(row)});
        sum += score.items.back().points.value_or(0);
    }
    if (graded) score.points = rounded(sum);
    return score;
}

json score_document(const Score& score) {
    json document{{"score", or_null(score.points)}, {"max", score.most}, {"items", json::array()}};
    for (const auto& item : score.items)
        document["items"].push_back({{"name", item.name},
                                     {"title", item.title},
                                     {"score", or_null(item.points)},
                                     {"max", item.most},
                                     {"feedback", item.feedback}});
    return document;
}

std::vector<std::string> score_lines(const Score& score) {
    if (!score.points) return {"    no score: " + (score.items.empty() ? "" : score.items.front().feedback)};
    std::vector<std::string> lines{fmt::format("    score {} of {}", *score.points, score.most)};
    for (const auto& item : score.items)
        lines.push_back(
            fmt::format("      {} {}/{}: {}", sanitize(item.name), *item.points, item.most, item.feedback));
    return lines;
}

bool was_graded(const json& row) {
    const auto verdict = text_member(row, "verdict");
    const auto is_theirs = [](const json& finding) {
        return text_member(finding, "id") == "does-not-compile";
    };
    return verdict == "could-not-build" ? std::ranges::any_of(array_member(row, "findings"), is_theirs)
                                        : verdict != "could-not-grade";
}

int exit_code_of(const json& rows) {
    auto code = ExitCode::pass;
    for (const auto& row : rows) {
        if (!was_graded(row)) return static_cast<int>(ExitCode::could_not_run);
        if (text_member(row, "verdict") != "pass") code = ExitCode::audit_failed;
    }
    return static_cast<int>(code);
}

} // namespace exitaudit::points
