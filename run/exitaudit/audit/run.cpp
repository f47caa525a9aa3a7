// Running an audit from the plan to the verdict.
#include "exitaudit/audit/run.hpp"

#include "exitaudit/support/exit_code.hpp"
#include "exitaudit/lanes/lane.hpp"
#include "exitaudit/log/judge.hpp"
#include "exitaudit/lanes/overlay.hpp"
#include "exitaudit/catalogue/plan_check.hpp"
#include "exitaudit/documents/verdict.hpp"
#include "exitaudit/audit/screen.hpp"

#include <fmt/core.h>

#include <csignal>
#include <cstdio>
#include <cstring>

namespace exitaudit {
namespace {

// The host's instruments overrule a guest that saw nothing wrong.
template <typename Results>
Verdict overruled(const Verdict& verdict, const Results& host)
{
    for (const auto& result : host)
        if (verdict.code == ExitCode::pass && result.outcome == Outcome::not_ok)
            return {ExitCode::audit_failed,
                    fmt::format("fail: every audit of the guest's passed, but {}: {}", result.name,
                                result.message),
                    true};
    return verdict;
}

// What the host's instruments say: first of the exit by which the guest was to end
// itself, where it has left its verdict to them.
std::vector<HostResult> host_results(const Session& session, const Log& log)
{
    if (!session.witness)
        return {};
    auto results = session.witness->results();
    const auto exit = log.one_shot.is_object() ? log.one_shot.find("exit") : log.one_shot.end();
    if (exit != log.one_shot.end() && exit->is_number_unsigned())
        results.insert(results.begin(), session.witness->last_exit(log.one_shot.value("name", ""),
                                                                   exit->get<std::uint64_t>()));
    return results;
}

Verdict judge_log_of(const Session& session, const std::vector<HostResult>& host, const Log& log,
                     std::string_view unfinished)
{
    if (session.guest_status)
        return judge_with_status(log, unfinished, *session.guest_status);
    if (!log.one_shot.is_null() && !host.empty())
        return judge_one_shot(log, host.front().outcome, host.front().message);
    return judge(log, unfinished);
}

// ", amid io.out8": which audit the guest was in when it was heard no more, if its log tells.
std::string amid_what(const Screen& screen)
{
    return screen.amid().empty() ? "" : fmt::format(", amid {}", screen.amid());
}

std::string no_end(const Screen& screen, const RunOptions& options)
{
    return fmt::format("no end within {} s{}: the guest or its host hangs, or needs a longer --timeout",
                       options.time_limit().count(), amid_what(screen));
}

// The log's verdict, unless the run that wrote it went wrong.
Verdict judge_session(const Session& session, const std::vector<HostResult>& host, const Screen& screen,
                      const RunOptions& options)
{
    const auto& log = screen.log();
    if (session.ending.how == Ending::How::interrupted)
        return could_not_run(fmt::format("interrupted by SIG{}", sigabbrev_np(session.ending.status)));
    if (session.ending.how == Ending::How::timed_out)
        return could_not_run(no_end(screen, options));
    const auto verdict = judge_log_of(session, host, log, screen.unfinished());
    // Without a word of the guest's or of the kernel's it may be the emulator that has failed.
    if (session.crashed && (log.started || !session.complaint.empty()) &&
        verdict.code != ExitCode::audit_failed)
        return host_crashed(session.complaint, amid_what(screen));
    // A host that gets its counts right but warns or crashes over it is not a sound one.
    if (verdict.code == ExitCode::pass && !session.complaint.empty())
        return {ExitCode::audit_failed,
                "fail: every audit passed, but the host's kernel complained: " + session.complaint};
    // The cause is worth more than its effect on the log.
    if (!verdict.complete && log.contradiction.empty() && log.one_shot.is_null() && !session.trouble.empty())
        return could_not_run(
            session.trouble +
            (log.last_line.empty() ? "" : fmt::format("; the guest's last line: \"{}\"", log.last_line)));
    return overruled(verdict, host);
}

HostState state_of(const Session& session, const Screen& screen, const Verdict& verdict,
                   const RunOptions& options)
{
    HostState state;
    state.complaint = session.complaint;
    state.place = session.complaint_place;
    state.console_lines = session.console_lines;
    state.stall = session.stall;
    if (session.ending.how == Ending::How::timed_out)
        state.hang = no_end(screen, options);
    else if (session.ending.how != Ending::How::interrupted && !verdict.complete)
        state.crash = session.trouble;
    state.unanswered =
        verdict.code == ExitCode::not_patched && session.witness && session.witness->has_ledger();
    return state;
}

void show_verdict(const Log& log, const Verdict& verdict, const Circumstances& circumstances)
{
    for (const auto& line : failure_lines(log))
        fmt::print(stderr, "exitaudit: {}\n", line);
    fmt::print(stderr, "exitaudit: {}\n", verdict_line(verdict, circumstances));
    for (const auto& line : finding_lines(log, circumstances))
        fmt::print(stderr, "exitaudit: {}\n", line);
}

void show_console(const Session& session)
{
    if (session.console.empty())
        return;
    fmt::print(stderr, "exitaudit: the last lines of its console:\n");
    for (const auto& line : session.console)
        fmt::print(stderr, "  {}\n", line);
}

Session run_lane(const Lane& lane, const RunOptions& options, Screen& screen)
{
    const Listener listener{
        [&](std::string_view bytes) { screen.guest(bytes); },
        [&](std::string_view what) { screen.stage(fmt::format("{} lane: {}", lane.name, what)); },
        [&](std::string_view text) { screen.note(text); },
        [&] { screen.tick(); },
    };
    return lane.run(options, Places::find(options.build), listener);
}

} // namespace

int run_audit(const RunOptions& options)
{
    if (const auto error = check_plan(options.plan))
        throw Error(*error, ExitCode::usage);
    require_directories_of({options.json, options.junit, options.log});
    const auto choice = choose_lane(options);
    if (options.dry_run)
        return static_cast<int>(ExitCode::pass);
    if (!choice.why.empty())
        fmt::print(stderr, "exitaudit: {} lane: {}\n", choice.lane->name, choice.why);

    Screen screen(options.verbose);
    screen.expect(audits_of(options.plan));
    const auto session = run_lane(*choice.lane, options, screen);
    const auto seconds = screen.seconds();
    screen.finish();
    const auto host = host_results(session, screen.log());
    const auto verdict = judge_session(session, host, screen, options);
    const bool interrupted = session.ending.how == Ending::How::interrupted;

    auto circumstances = circumstances_of(*choice.lane, session, seconds, host);
    circumstances.findings = find_causes(screen.log(), host, state_of(session, screen, verdict, options));
    // A host without a ledger, or a guest without an end, gives witnesses nothing to judge.
    if (verdict.code == ExitCode::pass || verdict.code == ExitCode::audit_failed)
        for (const auto& line : host_lines(host))
            fmt::print("{}\n", line);
    std::fflush(stdout);
    if (!verdict.complete && !interrupted && screen.log().contradiction.empty())
        show_console(session);
    show_verdict(screen.log(), verdict, circumstances);
    // After the verdict, which must not be lost if one of them cannot be written.
    if (!options.log.empty())
        write_file(options.log, screen.bytes());
    write_documents(options.json, options.junit, run_document(screen.log(), verdict, circumstances));
    return interrupted ? 128 + session.ending.status : static_cast<int>(verdict.code);
}

int judge_log(const JudgeOptions& options)
{
    const auto bytes = read_file(options.log == "-" ? "/dev/stdin" : options.log);
    LineSplitter lines;
    LogReader reader;
    lines.feed(bytes, [&](const std::string& line) {
        reader.line(line);
        if (options.verbose)
            fmt::print("{}\n", line);
    });
    const auto verdict = overruled(judge(reader.log(), lines.rest()), reader.log().host);
    Circumstances circumstances;
    for (const auto& result : reader.log().host)
        circumstances.host.push_back({result.name, result.outcome, result.message, {}});
    circumstances.findings = find_causes(reader.log(), circumstances.host, {});
    show_verdict(reader.log(), verdict, circumstances);
    write_documents(options.json, options.junit, run_document(reader.log(), verdict, circumstances));
    return static_cast<int>(verdict.code);
}

} // namespace exitaudit
