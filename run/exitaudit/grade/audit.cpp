// Running audits, and what each means for the patch.
#include "exitaudit/grade/rounds.hpp"

#include "exitaudit/documents/document.hpp"
#include "exitaudit/support/exit_code.hpp"
#include "exitaudit/support/file.hpp"
#include "exitaudit/support/json.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <exception>
#include <thread>

namespace exitaudit::grade {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::size_t text_limit = 600, most_unexplained = 4;

// A guest that has said nothing for so long does not only need more time.
constexpr auto silence = std::chrono::seconds(20);

std::vector<Finding> sanitized(std::vector<Finding> findings) {
    for (auto& finding : findings) finding = {sanitize(finding.id), sanitize(finding.text, text_limit)};
    return findings;
}

std::string message_of(const AuditReport& report, std::string_view name) {
    for (const auto& result : report.log.results)
        if (result.name == name) return sanitize(result.message, text_limit);
    for (const auto& result : report.circumstances.host)
        if (result.name == name) return sanitize(result.message, text_limit);
    return {};
}

// What the audit has found, and the failures that it found no cause for.
std::vector<Finding> findings_of(const AuditReport& report) {
    auto findings = sanitized(report.circumstances.causes.findings);
    auto names = report.circumstances.causes.unexplained;
    if (names.empty()) return findings;
    auto text = fmt::format("{}: {}", sanitize(names.front()), message_of(report, names.front()));
    const auto more = names.size() - std::min(names.size(), most_unexplained);
    names.resize(names.size() - more);
    for (auto& name : names) name = sanitize(name);
    if (names.size() > 1)
        text += fmt::format("; no cause is known for it, nor for {}",
                            fmt::join(names.begin() + 1, names.end(), ", "));
    if (more > 0) text += fmt::format(" and {} more", more);
    findings.push_back({"unexplained", text});
    return findings;
}

// The last line on the console of a host that hangs, or what its kernel says hangs.
std::string last_words(const AuditReport& report) {
    std::string last;
    for (const auto& line : report.circumstances.console) {
        last = sanitize(line);
        if (last.find("BUG: ") != std::string::npos) break;
    }
    return last.empty() ? "" : "; its console: " + last;
}

// Whether a run without a verdict is the host's fault.
void judge_unfinished(Audit& audit, bool heard) {
    const auto& known = audit.report.circumstances;
    const bool booted = !known.kernel.empty();
    const bool crashed =
        booted && !known.complaint.empty() && known.complaint.find("WARNING: ") == std::string::npos;
    const bool timed_out = !crashed && known.timed_out;
    audit.findings = findings_of(audit.report);
    if (timed_out && (heard || !booted)) {
        audit.verdict = "could-not-grade";
        audit.findings = {
            {"too-slow",
             fmt::format(
                 "its time ran out after {} audits, while the guest was at work: the machine is slow, "
                 "or busy; needs a longer --timeout",
                 audit.report.log.results.size())}};
    } else if (timed_out) {
        audit.verdict = "hangs";
        for (auto& finding : audit.findings)
            if (finding.id == "hang" && finding.text.find("the host's kernel: ") == std::string::npos)
                finding.text += last_words(audit.report);
    } else if (crashed || (booted && !known.trouble.empty())) {
        audit.verdict = "crashes";
    } else {
        audit.verdict = "could-not-grade";
        audit.findings = {{audit.verdict, audit.message}};
    }
    if (audit.findings.empty()) audit.findings = {{audit.verdict, audit.message}};
}

Audit could_not_grade(const Lane& lane, const std::string& why) {
    Audit audit{&lane, "could-not-grade", sanitize(why, 1000), {}, {}, {}, {}, {}};
    audit.findings = {{audit.verdict, audit.message}};
    return audit;
}

// A later round's files must not replace the first one's.
std::string file_name(const AuditOrder& order) {
    return order.spec.noise ? fmt::format("{}-noise", order.lane->name) : std::string(order.lane->name);
}

Audit run_audit(const AuditOrder& order, const Places& places, const std::filesystem::path& directory,
                const std::function<void()>& tick) {
    auto last_heard = Clock::now() - silence;
    const Listener listener{[&](std::string_view) { last_heard = Clock::now(); }, [](auto) {}, [](auto) {},
                            tick};
    const auto end = Clock::now() + order.spec.timeout;
    auto report = audit(*order.lane, order.spec, places, listener);
    if (report.signal) throw Interrupted{*report.signal};
    const auto file = directory / file_name(order);
    write_file(file.string() + ".log", report.serial_log);
    write_file(file.string() + ".json",
               document_text(run_document(report.log, report.verdict, report.circumstances)));
    return judged(*order.lane, std::move(report), end - last_heard < silence);
}

} // namespace

Audit judged(const Lane& lane, AuditReport report, bool heard) {
    Audit audit{&lane,
                std::string(verdict_word(report.verdict.code)),
                sanitize(report.verdict.text, text_limit),
                {},
                sanitized(report.circumstances.causes.notes),
                sanitize(text_member(report.log.run, "layout")),
                {},
                std::move(report)};
    if (const auto edition = number_member(audit.report.log.run, "sdm"); edition > 0)
        audit.edition = fmt::format("{:.0f}", edition);
    if (audit.report.circumstances.crashed)
        judge_unfinished(audit, heard);
    else if (audit.verdict == "fail")
        audit.findings = findings_of(audit.report);
    else if (audit.verdict == "not-patched")
        audit.findings = {{audit.verdict, "no ledger answers: " + audit.message}};
    else if (audit.verdict != "pass")
        judge_unfinished(audit, heard);
    return audit;
}

std::vector<Audit> run_audits(const std::vector<AuditOrder>& orders, const Places& places,
                              const std::filesystem::path& directory, const std::function<void()>& tick) {
    std::vector<Audit> audits(orders.size());
    std::vector<std::exception_ptr> errors(orders.size());
    std::vector<std::jthread> threads;
    for (std::size_t i = 0; i < orders.size(); ++i)
        threads.emplace_back([&, i] {
            try {
                audits[i] = run_audit(
                    orders[i], places, directory, i == 0 ? tick : [] {});
            } catch (const Error& error) {
                audits[i] = could_not_grade(*orders[i].lane, error.what());
            } catch (...) {
                errors[i] = std::current_exception();
            }
        });
    threads.clear();
    for (const auto& error : errors)
        if (error) std::rethrow_exception(error);
    return audits;
}

} // namespace exitaudit::grade
