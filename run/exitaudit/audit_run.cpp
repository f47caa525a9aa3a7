// Running an audit from the plan to the verdict.
#include "audit_run.hpp"

#include "exit_code.hpp"
#include "lane.hpp"
#include "log/judge.hpp"
#include "overlay.hpp"
#include "plan_check.hpp"
#include "report.hpp"
#include "screen.hpp"

#include <fmt/core.h>

#include <csignal>
#include <cstdio>
#include <cstring>

namespace exitaudit {
namespace {

Verdict could_not_run(const std::string& why)
{
    return {ExitCode::could_not_run, "could not run: " + why, false};
}

Verdict host_failure(std::string_view name, std::string_view message)
{
    return {ExitCode::audit_failed, fmt::format("fail: every audit of the guest's passed, but {}: {}", name, message), true};
}

// A guest that was to end itself has left its verdict to the host's instruments.
void ask_for_last_exit(Session& session, const Log& log)
{
    const auto exit = log.one_shot.is_object() ? log.one_shot.find("exit") : log.one_shot.end();
    if (exit == log.one_shot.end() || !exit->is_number_unsigned() || session.host.empty())
        return;
    const auto name = log.one_shot.value("name", "");
    session.host.insert(session.host.begin(), session.witness.last_exit(name, exit->get<std::uint64_t>()));
}

Verdict judge_log_of(const Session& session, const Log& log, std::string_view unfinished)
{
    if (session.guest_status)
        return judge_with_status(log, unfinished, *session.guest_status);
    if (!log.one_shot.is_null() && !session.host.empty())
        return judge_one_shot(log, session.host.front().outcome, session.host.front().message);
    return judge(log, unfinished);
}

// The log's verdict, unless the run that wrote it went wrong.
Verdict judge_session(const Session& session, const Screen& screen, const RunOptions& options)
{
    if (session.ending.how == Ending::How::interrupted)
        return could_not_run(fmt::format("interrupted by SIG{}", sigabbrev_np(session.ending.status)));
    if (session.ending.how == Ending::How::timed_out)
        return could_not_run(fmt::format("no end within {} s: the guest or its host hangs, or needs a longer --timeout",
                                         options.timeout.count()));
    const auto& log = screen.log();
    const auto verdict = judge_log_of(session, log, screen.unfinished());
    // A host that gets its counts right but warns or crashes over it is not a sound one.
    if (verdict.code == ExitCode::pass && !session.complaint.empty())
        return {ExitCode::audit_failed, "fail: every audit passed, but the host's kernel complained: " + session.complaint};
    for (const auto& result : session.host)
        if (verdict.code == ExitCode::pass && result.outcome == Outcome::not_ok)
            return host_failure(result.name, result.message);
    // The cause is worth more than its effect on the log.
    if (!verdict.complete && log.contradiction.empty() && log.one_shot.is_null() && !session.trouble.empty())
        return could_not_run(session.trouble +
                             (log.last_line.empty() ? "" : fmt::format("; the guest's last line: \"{}\"", log.last_line)));
    return verdict;
}

void show_verdict(const Log& log, const Verdict& verdict, const Circumstances& circumstances)
{
    for (const auto& line : failure_lines(log))
        fmt::print(stderr, "exitaudit: {}\n", line);
    fmt::print(stderr, "exitaudit: {}\n", verdict_line(verdict, circumstances));
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
    const auto choice = choose_lane(options);
    if (options.dry_run)
        return static_cast<int>(ExitCode::pass);
    if (!choice.why.empty())
        fmt::print(stderr, "exitaudit: {} lane: {}\n", choice.lane->name, choice.why);

    Screen screen(options.verbose);
    auto session = run_lane(*choice.lane, options, screen);
    const auto seconds = screen.seconds();
    screen.finish();
    ask_for_last_exit(session, screen.log());
    const auto verdict = judge_session(session, screen, options);
    const bool interrupted = session.ending.how == Ending::How::interrupted;

    const Circumstances circumstances{std::string(choice.lane->name), session.kernel, interrupted ? "" : qemu_version(),
                                      seconds, session.host};
    // A host without a ledger, or a guest without an end, gives witnesses nothing to judge.
    if (verdict.code == ExitCode::pass || verdict.code == ExitCode::audit_failed)
        for (const auto& line : host_lines(session.host))
            fmt::print("{}\n", line);
    std::fflush(stdout);
    if (!verdict.complete && !interrupted && screen.log().contradiction.empty())
        show_console(session);
    show_verdict(screen.log(), verdict, circumstances);
    // After the verdict, which must not be lost if one of them cannot be written.
    if (!options.log.empty())
        write_file(options.log, screen.bytes());
    if (!options.json.empty())
        write_file(options.json, json_document(screen.log(), verdict, circumstances));
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
    auto verdict = judge(reader.log(), lines.rest());
    for (const auto& result : reader.log().host)
        if (verdict.code == ExitCode::pass && result.outcome == Outcome::not_ok)
            verdict = host_failure(result.name, result.message);
    show_verdict(reader.log(), verdict, {});
    if (!options.json.empty())
        write_file(options.json, json_document(reader.log(), verdict, {}));
    return static_cast<int>(verdict.code);
}

} // namespace exitaudit
