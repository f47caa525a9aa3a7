// Judges a log: is it complete, is it consistent, does it pass?
#include "exitaudit/log/judge.hpp"

#include "exitaudit/support/json.hpp"
#include "report/ending.hpp"

#include <algorithm>

namespace exitaudit {
namespace {

using report::Ending;

struct End {
    Ending ending;
    ExitCode code;
    std::string_view text;

    std::string_view name() const { return name_of(ending); }
    int status() const { return static_cast<int>(ending); } // in port 0xf4
};

constexpr End ends[] = {
    {Ending::pass, ExitCode::pass, "pass"},
    {Ending::fail, ExitCode::audit_failed, "fail"},
    {Ending::usage, ExitCode::usage, "usage: the guest refused its plan"},
    {Ending::died, ExitCode::could_not_run, "could not run: the guest died"},
    {Ending::not_patched, ExitCode::not_patched, "not patched"},
    {Ending::skipped, ExitCode::could_not_run, "could not run: all was skipped"},
};

Verdict inconsistent(const std::string& why) { return could_not_run("log inconsistent: " + why); }

std::string counted(const Counts& counts) {
    return fmt::format("{} passed, {} failed, {} skipped", counts.passed, counts.failed, counts.skipped);
}

std::optional<Counts> counts_of(const nlohmann::json& end) {
    const auto member = [&](const char* name) -> std::optional<unsigned long> {
        const auto found = end.find(name);
        if (found == end.end() || !found->is_number_unsigned()) return std::nullopt;
        return found->get<unsigned long>();
    };
    const auto passed = member("passed"), failed = member("failed"), skipped = member("skipped");
    if (!passed || !failed || !skipped) return std::nullopt;
    return Counts{*passed, *failed, *skipped};
}

Verdict cut_off(const Log& log, std::string_view unfinished) {
    if (!log.started) return could_not_run("no KTAP header in the log: did the guest boot?");
    if (log.verdict && log.run.is_null())
        return could_not_run(
            "the log's #json lines are missing: keep it with `exitaudit run --log FILE`, or run with -v");
    const auto last = unfinished.empty() ? std::string_view(log.last_line) : unfinished;
    return could_not_run(
        fmt::format("log cut off: no end record; the last line is \"{}\"", last.substr(0, 100)));
}

// Every planned result must be present, numbered 1 to N.
std::string missing_results(const Log& log) {
    const auto count = log.results.size();
    if (log.planned && *log.planned != count)
        return fmt::format("the plan line says {} results, the log has {}", *log.planned, count);
    if (const auto said = log.run.find("results"); said != log.run.end() && *said != count)
        return fmt::format("the run record says {} results, the log has {}", said->dump(), count);
    for (std::size_t i = 0; i < count; ++i)
        if (log.results[i].number != i + 1)
            return fmt::format("result {} comes where {} was expected", log.results[i].number, i + 1);
    const auto in_ktap = [](const Result& result) { return result.in_ktap; };
    if (!std::ranges::all_of(log.results, in_ktap) && std::ranges::any_of(log.results, in_ktap))
        return "some results are records without a KTAP line";
    return {};
}

// `format=table` writes no result lines, so there is nothing to recount.
std::string contradiction(const Log& log, const Counts& said, std::string_view verdict) {
    const bool judged = verdict == "pass" || verdict == "fail";
    if (judged && log.run.is_null()) // a guest that refuses its plan has not begun to run
        return "no run record";
    const bool listed = !log.results.empty() || log.planned;
    if (listed && verdict != "died" && log.recount() != said)
        return fmt::format("the end record says {}, the log has {}", counted(said), counted(log.recount()));
    if (log.verdict && *log.verdict != said)
        return fmt::format("the end record says {}, the last line {}", counted(said), counted(*log.verdict));
    if (!judged) return {};
    if ((verdict == "pass") != (said.failed == 0))
        return fmt::format("the end record says {} and {} failed", verdict, said.failed);
    if (said == Counts{}) return fmt::format("the end record says {} and no results", verdict);
    return listed ? missing_results(log) : "";
}

} // namespace

Verdict could_not_run(const std::string& why) {
    return {ExitCode::could_not_run, "could not run: " + why, false};
}

Verdict measured(const Counts& counts) {
    return {ExitCode::pass, fmt::format("measured: {} triggers, {} skipped", counts.passed, counts.skipped),
            true};
}

Verdict host_crashed(std::string_view complaint, std::string_view amid) {
    return {ExitCode::audit_failed,
            fmt::format("fail: the host crashed{}{}{}", amid, complaint.empty() ? "" : ": ", complaint),
            false};
}

Verdict judge(const Log& log, std::string_view unfinished) {
    if (!log.contradiction.empty()) return inconsistent(log.contradiction);
    if (!log.one_shot.is_null()) return judge_one_shot(log, Outcome::skip, "there are none here");
    if (log.end.is_null()) return cut_off(log, unfinished);
    const auto name = log.end.value("verdict", nlohmann::json());
    const auto end = std::ranges::find_if(ends, [&](const End& e) { return name == e.name(); });
    if (end == std::end(ends)) return inconsistent("unknown verdict " + name.dump());
    const auto counts = counts_of(log.end);
    if (!counts) return inconsistent("the end record lacks its counts");
    if (const auto why = contradiction(log, *counts, end->name()); !why.empty()) return inconsistent(why);

    auto text = std::string(end->text);
    const auto message = text_member(log.end, "message");
    if (end->code == ExitCode::pass && number_member(log.run, "costs") != 0) return measured(*counts);
    if (end->code == ExitCode::pass || end->code == ExitCode::audit_failed)
        text += ": " + counted(*counts);
    else if (!message.empty())
        text += ": " + message;
    return {end->code, text, true};
}

Verdict judge_one_shot(const Log& log, Outcome witness, std::string_view testimony) {
    const auto name = log.one_shot.value("name", "a one-shot");
    if (!log.contradiction.empty()) return inconsistent(log.contradiction);
    if (!log.end.is_null() || !log.results.empty())
        return inconsistent("the guest went on where " + name + " ends it");
    if (witness == Outcome::skip)
        return could_not_run(
            fmt::format("{} ends the guest, and only the instruments of an embedded host can judge that: {}",
                        name, testimony));
    const bool passed = witness == Outcome::ok;
    return {passed ? ExitCode::pass : ExitCode::audit_failed,
            (passed ? "pass: " : "fail: ") + counted({passed, !passed, 0}), true};
}

Verdict judge_with_status(const Log& log, std::string_view unfinished, int status) {
    auto verdict = judge(log, unfinished);
    if (!verdict.complete) return verdict;
    const auto name = log.end.value("verdict", "");
    for (const auto& end : ends)
        if (end.status() == status && end.name() != name)
            return inconsistent(
                fmt::format("the end record says {}, the guest's exit status {}", name, end.name()));
    return verdict;
}

} // namespace exitaudit
