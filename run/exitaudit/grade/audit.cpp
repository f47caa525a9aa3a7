// Running lanes, and reading what they report.
#include "exitaudit/grade/audit.hpp"

#include "exitaudit/documents/document.hpp"
#include "exitaudit/grade/rounds.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <exception>
#include <thread>

namespace exitaudit::grade {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;
using Clock = std::chrono::steady_clock;

constexpr std::size_t report_limit = 16 << 20, most_unexplained = 4;

// A guest that has said nothing for so long does not only need more time.
constexpr auto silence = std::chrono::seconds(20);

std::string text_of(const json& object, const char* name) { return tame(text_member(object, name), 600); }

std::vector<Remark> remarks_of(const json& report, const char* name)
{
    std::vector<Remark> remarks;
    for (const auto& remark : array_member(report, name))
        remarks.push_back({text_of(remark, "id"), text_of(remark, "text")});
    return remarks;
}

// What exitaudit has found, and the failures that it found no cause for.
std::vector<Remark> findings_of(const json& report)
{
    std::vector<Remark> findings = remarks_of(report, "findings");
    std::vector<std::string> names; // the first ones
    std::size_t count = 0;
    for (const auto& name : array_member(report, "unexplained"))
        if (name.is_string() && ++count <= most_unexplained)
            names.push_back(tame(name.get<std::string>()));
    if (names.empty())
        return findings;
    std::string first;
    for (const auto* results : {&array_member(report, "results"), &array_member(report, "host")})
        for (const auto& result : *results)
            if (text_of(result, "name") == names.front())
                first = text_of(result, "message");
    findings.push_back({"unexplained", fmt::format("{}: {}", names.front(), first)});
    if (count > 1)
        findings.back().text += fmt::format("; no cause is known for it, nor for {}",
                                            fmt::join(names.begin() + 1, names.end(), ", "));
    if (count > most_unexplained)
        findings.back().text += fmt::format(" and {} more", count - most_unexplained);
    return findings;
}

// Where a host that hangs was heard last: its kernel's word for what hangs, if it has one.
std::string last_words(const json& report)
{
    std::string last;
    for (const auto& line : array_member(report, "console")) {
        last = line.is_string() ? tame(line.get<std::string>()) : "";
        if (last.find("BUG: ") != std::string::npos)
            break;
    }
    return last.empty() ? "" : "; its console: " + last;
}

// Why a run has no verdict, as far as it is the host's doing.
void judge_unfinished(Audit& audit, bool heard)
{
    const auto trouble = text_of(audit.report, "trouble"), complaint = text_of(audit.report, "complaint");
    const bool booted = !text_of(audit.report, "kernel").empty();
    const bool crashed = booted && !complaint.empty() && complaint.find("WARNING: ") == std::string::npos;
    const auto late = audit.report.find("timed_out");
    const bool timed_out = !crashed && late != audit.report.end() && *late == true;
    audit.findings = findings_of(audit.report);
    if (timed_out && (heard || !booted)) {
        audit.verdict = "could-not-grade";
        audit.findings = {
            {"too-slow",
             fmt::format(
                 "its time ran out after {} audits, while the guest was at work: the machine is slow, or "
                 "busy; needs a longer --timeout",
                 array_member(audit.report, "results").size())}};
    } else if (timed_out) {
        audit.verdict = "hangs";
        for (auto& finding : audit.findings)
            if (finding.id == "hang" && finding.text.find("the host's kernel: ") == std::string::npos)
                finding.text += last_words(audit.report);
    } else if (crashed || (booted && !trouble.empty())) {
        audit.verdict = "crashes";
    } else {
        audit.verdict = "could-not-grade";
        audit.findings = {{audit.verdict, audit.message}};
    }
    if (audit.findings.empty())
        audit.findings = {{audit.verdict, audit.message}};
}

Audit run_audit(const AuditOrder& order, const Rounds& rounds, bool ticks)
{
    // A later round's name tells it from the first.
    const auto name = order.lane + fmt::format("{}", fmt::join(order.options, ""));
    const auto report = rounds.directory / (name + ".json");
    std::vector<std::string> words{"/proc/self/exe", "run",
                                   "--lane",         order.lane,
                                   "--kernel",       rounds.kernel,
                                   "--build",        rounds.build.string(),
                                   "--modules",      rounds.directory.string(),
                                   "--timeout",      std::to_string(order.limit.count()),
                                   "--json",         report.string(),
                                   "--log",          (rounds.directory / (name + ".log")).string()};
    words.front() = fs::read_symlink(words.front()).string();
    words.insert(words.end(), order.options.begin(), order.options.end());
    words.insert(words.end(), order.plan.begin(), order.plan.end());
    std::string said;
    auto last_heard = Clock::now() - silence;
    Watcher watcher;
    watcher.out = [&](std::string_view) { last_heard = Clock::now(); };
    watcher.err = [&](std::string_view text) {
        said += text.substr(0, 4096 - std::min<std::size_t>(4096, said.size()));
    };
    if (ticks)
        watcher.tick = rounds.tick;
    const auto end = Clock::now() + order.limit;
    run_step(words, order.limit + std::chrono::seconds(10), watcher);
    if (!fs::exists(report)) {
        Audit audit;
        audit.lane = order.lane;
        audit.verdict = "could-not-grade";
        audit.message = tame(said, 1000);
        audit.findings = {{"could-not-grade", audit.message}};
        return audit;
    }
    return read_report(order.lane, json::parse(read_start(report, report_limit), nullptr, false),
                       end - last_heard < silence);
}

} // namespace

Audit read_report(const std::string& lane, json report, bool heard)
{
    Audit audit;
    audit.lane = lane;
    audit.report = std::move(report);
    audit.verdict = text_of(audit.report, "verdict");
    audit.message = text_of(audit.report, "message");
    const auto& run = object_member(audit.report, "run");
    audit.layout = text_of(run, "layout");
    if (const auto edition = run.find("sdm"); edition != run.end() && edition->is_number_unsigned())
        audit.edition = std::to_string(edition->get<unsigned>());
    audit.notes = remarks_of(audit.report, "notes");
    const auto crashed = audit.report.find("crashed");
    if (crashed != audit.report.end() && *crashed == true)
        judge_unfinished(audit, heard);
    else if (audit.verdict == "fail")
        audit.findings = findings_of(audit.report);
    else if (audit.verdict == "not-patched")
        audit.findings = {{audit.verdict, "no ledger answers: " + audit.message}};
    else if (audit.verdict != "pass")
        judge_unfinished(audit, heard);
    return audit;
}

std::vector<Audit> run_audits(const std::vector<AuditOrder>& orders, const Rounds& rounds)
{
    std::vector<Audit> audits(orders.size());
    std::vector<std::exception_ptr> errors(orders.size());
    std::vector<std::jthread> threads;
    for (std::size_t i = 0; i < orders.size(); ++i)
        threads.emplace_back([&, i] {
            try {
                audits[i] = run_audit(orders[i], rounds, i == 0);
            } catch (...) {
                errors[i] = std::current_exception();
            }
        });
    threads.clear();
    for (const auto& error : errors)
        if (error)
            std::rethrow_exception(error);
    return audits;
}

} // namespace exitaudit::grade
