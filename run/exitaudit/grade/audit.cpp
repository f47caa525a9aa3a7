// Running audits, and what each means for the patch.
#include "exitaudit/grade/rounds.hpp"

#include "exitaudit/documents/document.hpp"
#include "exitaudit/support/exit_code.hpp"
#include "exitaudit/support/file.hpp"
#include "exitaudit/support/json.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <future>

namespace exitaudit::grade {
namespace {

// The failures that no cause explains, as one finding.
Finding unexplained(const AuditReport& report) {
    const auto& names = report.circumstances.causes.unexplained;
    std::string message;
    for (const auto& result : report.log.results)
        message += result.name == names.front() ? result.message : "";
    for (const auto& result : report.circumstances.host)
        message += result.name == names.front() ? result.message : "";
    const auto others = first_names({names.begin() + 1, names.end()});
    return {"unexplained", fmt::format("{}: {}{}{}", names.front(), message,
                                       others.empty() ? "" : "; no cause is known for it, nor for ", others)};
}

std::string verdict_of(const AuditReport& report, const std::vector<Finding>& findings) {
    const auto& known = report.circumstances;
    if (known.kernel.empty()) // the host did not boot
        return "could-not-grade";
    if (known.hangs && !has(findings, "slow-query")) return "hangs";
    if (known.crashed || (!report.verdict.complete && !known.trouble.empty())) return "crashes";
    if (report.verdict.code != ExitCode::could_not_run) return std::string(verdict_word(report.verdict.code));
    return findings.empty() && report.log.contradiction.empty() ? "could-not-grade" : "fail";
}

} // namespace

bool has(const std::vector<Finding>& findings, std::string_view id) {
    return std::ranges::find(findings, id, &Finding::id) != findings.end();
}

Audit judged(const Lane& lane, AuditReport report) {
    const auto& known = report.circumstances;
    auto findings = known.causes.findings, notes = known.causes.notes;
    if (!known.causes.unexplained.empty()) findings.push_back(unexplained(report));
    const auto verdict = verdict_of(report, findings);
    const auto& message = report.verdict.text;
    if (verdict == "could-not-grade")
        findings = {{known.timed_out ? "too-slow" : verdict, message}};
    else if (!report.log.contradiction.empty())
        findings = {{"log-inconsistent", fmt::format("not only the guest writes to its serial port: {}",
                                                     report.log.contradiction)}};
    else if (verdict != "pass" && findings.empty())
        findings = {{verdict, message}};
    else if (verdict == "fail" && known.timed_out)
        notes.push_back({"cut-off", message});
    for (auto* list : {&findings, &notes})
        for (auto& finding : *list) finding = {sanitize(finding.id), sanitize(finding.text, 1000)};
    // Where undefined numbers are not marked, nothing shows where the table ends.
    const bool has_edition = text_member(report.log.profile, "undefined") == "mark";
    const auto edition = has_edition ? number_member(report.log.run, "sdm") : 0;
    return {&lane,
            verdict,
            sanitize(message, 1000),
            findings,
            notes,
            sanitize(text_member(report.log.run, "layout")),
            edition > 0 ? fmt::format("{:.0f}", edition) : "",
            std::move(report)};
}

Audit Rounds::run(const AuditOrder& order, bool shows_progress) const {
    const Listener listener{[](auto) {}, [](auto) {}, [](auto) {},
                            [&] { shows_progress ? progress.tick() : void(); }};
    auto report = audit(*order.lane, order.spec, places, listener);
    if (report.signal) throw Interrupted{*report.signal};
    const auto file = (directory / fmt::format("{}{}", order.lane->name, order.suffix)).string();
    write_file(file + ".log", report.serial_log);
    write_file(file + ".json", document_text(run_document(report.log, report.verdict, report.circumstances)));
    return judged(*order.lane, std::move(report));
}

std::vector<Audit> Rounds::run(const std::vector<AuditOrder>& orders) const {
    std::vector<std::future<Audit>> running;
    const auto when = lanes_at_once ? std::launch::async : std::launch::deferred; // until it is waited for
    std::chrono::milliseconds before{}; // that earlier ones took of the time
    for (const auto& order : orders)
        running.push_back(std::async(when, [&, shows = !lanes_at_once || running.empty()] {
            if (lanes_at_once) return run(order, shows);
            auto later = order;
            later.spec.timeout =
                std::max(order.spec.timeout - std::chrono::floor<std::chrono::seconds>(before),
                         std::chrono::seconds(shortest_round));
            auto audit = run(later, shows);
            before += audit.report.took;
            return audit;
        }));
    for (const auto& audit : running) audit.wait();
    std::vector<Audit> audits;
    std::chrono::milliseconds took{};
    for (std::size_t i = 0; i < orders.size(); ++i) {
        try {
            audits.push_back(running[i].get());
            const auto this_one = audits.back().report.took;
            took = lanes_at_once ? std::max(took, this_one) : took + this_one;
        } catch (const Error& error) {
            AuditReport none;
            none.verdict.text = error.what();
            audits.push_back(judged(*orders[i].lane, std::move(none)));
        }
    }
    progress.spend(took);
    return audits;
}

} // namespace exitaudit::grade
