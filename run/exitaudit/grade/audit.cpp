// Running lanes, and reading what they report.
#include "audit.hpp"

#include "rounds.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <exception>
#include <optional>
#include <thread>

namespace exitaudit::grade {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

constexpr std::size_t report_limit = 16 << 20, most_failures = 3;

std::string text_of(const json& object, const char* name)
{
    const auto found = object.is_object() ? object.find(name) : object.end();
    return found != object.end() && found->is_string() ? tame(found->get<std::string>(), 600) : "";
}

const json& list_of(const json& object, const char* name)
{
    static const json none = json::array();
    const auto found = object.is_object() ? object.find(name) : object.end();
    return found != object.end() && found->is_array() ? *found : none;
}

// What exitaudit has found; failures one by one where it found no cause.
std::vector<Remark> findings_of(const json& report)
{
    std::vector<Remark> findings;
    for (const auto& finding : list_of(report, "findings"))
        findings.push_back({text_of(finding, "id"), text_of(finding, "text")});
    if (!findings.empty())
        return findings;
    if (const auto cause = text_of(report.value("end", json()), "message"); !cause.empty())
        findings.push_back({"finding", cause});
    std::size_t failures = 0;
    for (const auto* results : {&list_of(report, "results"), &list_of(report, "host")})
        for (const auto& result : *results)
            if (text_of(result, "verdict") == "not ok" && ++failures <= most_failures)
                findings.push_back({"failed", fmt::format("{}: {}", text_of(result, "name"), text_of(result, "message"))});
    if (failures > most_failures)
        findings.push_back({"failed", fmt::format("and {} more audits fail", failures - most_failures)});
    return findings;
}

// The host's definition of time, if it is another than the interface's.
std::optional<Remark> definition_note(const json& report)
{
    for (const auto& result : list_of(report, "results")) {
        const auto message = text_of(result, "message");
        const bool another = message.starts_with("the exit handler alone") || message.starts_with("from exit to entry, but");
        if (text_of(result, "name") == "time.definition" && text_of(result, "verdict") == "ok" && another)
            return Remark{"time-definition", fmt::format("an exit's time is {}", message)};
    }
    return std::nullopt;
}

// The last word of the host's console: a complaint of its kernel's, if there is one.
std::string last_words(const json& report)
{
    if (const auto complaint = text_of(report, "complaint"); !complaint.empty())
        return complaint;
    const auto& console = list_of(report, "console");
    // A soft lockup, which an overloaded machine brings about as well, is no complaint.
    for (const auto& line : console)
        if (line.is_string() && line.get<std::string>().find("BUG: ") != std::string::npos)
            return tame(line.get<std::string>());
    return console.empty() || !console.back().is_string() ? "" : tame(console.back().get<std::string>());
}

std::string with_last_words(const std::string& text, const json& report)
{
    const auto words = last_words(report);
    return words.empty() ? text : fmt::format("{}; its console: {}", text, words);
}

// Why a run has no verdict, as far as it is the host's doing.
void judge_unfinished(Audit& audit)
{
    const auto trouble = text_of(audit.report, "trouble"), complaint = text_of(audit.report, "complaint");
    const bool booted = !text_of(audit.report, "kernel").empty();
    const bool crashed = booted && (complaint.find("WARNING: ") == std::string::npos && !complaint.empty());
    if (!crashed && audit.report.value("timed_out", false)) {
        audit.verdict = "hangs";
        audit.findings = {
            {"host-hangs", with_last_words("the host or its guest hangs, or needs a longer --timeout", audit.report)}};
    } else if (trouble.find("kvm modules refused") != std::string::npos) {
        audit.verdict = "crashes";
        audit.findings = {{"modules-refused", fmt::format("the host's kernel does not load the modules: {}", audit.message)}};
    } else if (crashed || (booted && !trouble.empty())) {
        audit.verdict = "crashes";
        audit.findings = {{"host-crashes", with_last_words(trouble.empty() ? audit.message : trouble, audit.report)}};
    } else {
        audit.verdict = "could-not-grade";
        audit.findings = {{"could-not-grade", audit.message}};
    }
}

Audit run_audit(const AuditOrder& order, const Rounds& rounds, std::chrono::seconds limit, bool ticks)
{
    // A later round's name tells it from the first.
    const auto name = order.lane + fmt::format("{}", fmt::join(order.options, ""));
    const auto report = rounds.directory / (name + ".json");
    std::vector<std::string> words{"/proc/self/exe", "run",
                                   "--lane",         order.lane,
                                   "--kernel",       rounds.kernel,
                                   "--build",        rounds.build.string(),
                                   "--modules",      rounds.modules.string(),
                                   "--timeout",      std::to_string(limit.count()),
                                   "--json",         report.string(),
                                   "--log",          (rounds.directory / (name + ".log")).string()};
    words.front() = fs::read_symlink(words.front()).string();
    words.insert(words.end(), order.options.begin(), order.options.end());
    words.insert(words.end(), order.plan.begin(), order.plan.end());
    std::string said;
    Watcher watcher;
    watcher.err = [&](std::string_view text) { said += text.substr(0, 4096 - std::min<std::size_t>(4096, said.size())); };
    if (ticks)
        watcher.tick = rounds.tick;
    run_step(words, limit + std::chrono::seconds(10), watcher);
    if (!fs::exists(report)) {
        Audit audit;
        audit.lane = order.lane;
        audit.verdict = "could-not-grade";
        audit.message = tame(said, 1000);
        audit.findings = {{"could-not-grade", audit.message}};
        return audit;
    }
    return read_report(order.lane, json::parse(read_start(report, report_limit), nullptr, false));
}

} // namespace

Audit read_report(const std::string& lane, json report)
{
    Audit audit;
    audit.lane = lane;
    audit.report = std::move(report);
    audit.verdict = text_of(audit.report, "verdict");
    audit.message = text_of(audit.report, "message");
    if (const auto run = audit.report.is_object() ? audit.report.value("run", json()) : json(); run.is_object()) {
        audit.layout = text_of(run, "layout");
        if (run.contains("sdm") && run["sdm"].is_number_unsigned())
            audit.edition = std::to_string(run["sdm"].get<unsigned>());
    }
    if (audit.verdict == "fail")
        audit.findings = findings_of(audit.report);
    if (audit.verdict == "fail" && !text_of(audit.report, "complaint").empty())
        audit.findings.push_back({"host-complaint", "the host's kernel complained: " + text_of(audit.report, "complaint")});
    if (audit.verdict == "not-patched")
        audit.findings = {{"not-patched", "no ledger answers: " + audit.message}};
    if (audit.verdict != "pass" && audit.verdict != "fail" && audit.verdict != "not-patched")
        judge_unfinished(audit);
    if (const auto note = definition_note(audit.report))
        audit.notes.push_back(*note);
    return audit;
}

std::vector<Audit> run_audits(const std::vector<AuditOrder>& orders, const Rounds& rounds, std::chrono::seconds limit)
{
    std::vector<Audit> audits(orders.size());
    std::vector<std::exception_ptr> errors(orders.size());
    std::vector<std::jthread> threads;
    for (std::size_t i = 0; i < orders.size(); ++i)
        threads.emplace_back([&, i] {
            try {
                audits[i] = run_audit(orders[i], rounds, limit, i == 0);
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
