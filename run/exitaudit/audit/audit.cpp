// Runs a lane, and judges what it leaves.
#include "exitaudit/audit/audit.hpp"

#include "exitaudit/audit/recorder.hpp"
#include "exitaudit/catalogue/catalogue.hpp"
#include "exitaudit/support/exit_code.hpp"
#include "exitaudit/support/json.hpp"

#include <cstring>

namespace exitaudit {
namespace {

using Clock = std::chrono::steady_clock;

// A guest and a kernel that write nothing for so long do not only need more time.
constexpr auto silence = std::chrono::seconds(20);

// The host's instruments overrule a guest that saw nothing wrong.
template <typename Results> Verdict overruled(const Verdict& verdict, const Results& host) {
    for (const auto& result : host)
        if (verdict.code == ExitCode::pass && result.outcome == Outcome::not_ok)
            return {ExitCode::audit_failed,
                    fmt::format("fail: every audit of the guest's passed, but {}: {}", result.name,
                                result.message),
                    true};
    return verdict;
}

// Where only the host's instruments are judged, the guest's own verdict says that it fired.
Verdict verdict_on(const std::vector<HostResult>& instruments, const Verdict& of_guest) {
    if (of_guest.code != ExitCode::pass) return of_guest;
    const auto with = [&](Outcome outcome) {
        return std::ranges::count(instruments, outcome, &HostResult::outcome);
    };
    if (const auto wrong = std::ranges::find(instruments, Outcome::not_ok, &HostResult::outcome);
        wrong != instruments.end())
        return {ExitCode::audit_failed, fmt::format("fail: {}: {}", wrong->name, wrong->message), true};
    if (with(Outcome::ok) == 0) return could_not_run(instruments.front().message);
    return {ExitCode::pass,
            fmt::format("pass: {} instruments agree, {} skipped", with(Outcome::ok), with(Outcome::skip)),
            true};
}

// Has the host's table the hypercalls of run/embedded-host/earlier-vm.cpp, which the tracepoint does not
// count?
bool has_earlier_vms_exits(const std::vector<HostResult>& results) {
    constexpr std::uint64_t vmx_hypercall = 18, svm_hypercall = 0x81, hypercalls = 100;
    return std::ranges::any_of(results, [&](const HostResult& result) {
        const auto hypercall = result.svm ? svm_hypercall : vmx_hypercall;
        return result.name == "host.tracepoint" &&
               std::ranges::any_of(result.differences, [&](const auto& difference) {
                   return difference.exit == hypercall && difference.told == difference.seen + hypercalls;
               });
    });
}

// Does one table count the exits of all VMs? Then instruments that see one VM say nothing of it. A guest that
// can read no rows cannot know.
bool has_one_table(const Log& log, const std::vector<HostResult>& results) {
    const auto scope = text_member(log.profile, "scope");
    return number_member(log.run, "ledger") == 0 &&
           (scope == "host" || (scope == "unknown" && has_earlier_vms_exits(results)));
}

// A host that fails the guest's audits may have leaves that answer nothing, for any VM.
void add_earlier_vm(std::vector<HostResult>& results, const Session& session, const Log& log) {
    auto result = session.witness->earlier_vm();
    if (!result || log.results.empty()) return;
    const bool guest_failed = std::ranges::any_of(
        log.results, [](const Result& of_guest) { return of_guest.outcome == Outcome::not_ok; });
    if (result->outcome == Outcome::not_ok && guest_failed)
        result = {result->name, Outcome::skip, "the guest's audits say what is wrong", {}};
    results.push_back(*result);
}

// The results of the host's instruments, first the exit of a one-shot, which the guest leaves them to judge.
std::vector<HostResult> host_results(const Session& session, const HostSpec& spec, Log& log) {
    if (!session.witness) return {};
    if (spec.marks) return session.witness->judge_marks(log);
    if (number_member(log.run, "costs") != 0) return {};
    auto results = session.witness->results();
    if (session.sanitizers) {
        if (session.sanitizers->outcome == Outcome::not_ok)
            for (auto& result : results)
                if (result.name == "host.log")
                    result = {result.name, Outcome::skip, "it has these reports", {}};
        results.push_back(*session.sanitizers);
    }
    if (has_one_table(log, results))
        for (auto& result : results)
            if (result.outcome == Outcome::not_ok && result.name != "host.log")
                result = {result.name, Outcome::skip, "one table counts the exits of all VMs", {}};
    add_earlier_vm(results, session, log);
    const auto exit = log.one_shot.is_object() ? log.one_shot.find("exit") : log.one_shot.end();
    if (exit != log.one_shot.end() && exit->is_number_unsigned())
        results.insert(results.begin(), session.witness->last_exit(log.one_shot.value("name", ""),
                                                                   exit->get<std::uint64_t>()));
    return results;
}

Verdict judge_log_of(const Session& session, const std::vector<HostResult>& host, const Log& log,
                     std::string_view unfinished) {
    if (session.guest_status) return judge_with_status(log, unfinished, *session.guest_status);
    if (!log.one_shot.is_null() && !host.empty())
        return judge_one_shot(log, host.front().outcome, host.front().message);
    return judge(log, unfinished);
}

// ", amid io.out8": where the guest was last, if its log says so.
std::string amid_what(const Recorder& recorder) {
    return recorder.current().empty() ? "" : fmt::format(", amid {}", recorder.current());
}

// Where a run came to no end in time: did guest and host stop, or were they at work?
std::string no_end(const Session& session, const Recorder& recorder, const HostSpec& spec, bool hangs) {
    if (spec.silence.count() != 0 && session.ending.took < spec.timeout)
        return fmt::format("silent for {} s{}: the guest or its host hangs", spec.silence.count(),
                           amid_what(recorder));
    return fmt::format("no end within {} s{}: {}", spec.timeout.count(), amid_what(recorder),
                       hangs ? "the guest or its host hangs"
                             : fmt::format("still at work after {} audits, needs a longer --timeout",
                                           recorder.log().results.size()));
}

// The log's verdict, unless the run itself went wrong.
Verdict judge_session(const Session& session, const std::vector<HostResult>& host, const Recorder& recorder,
                      const HostSpec& spec, bool hangs) {
    const auto& log = recorder.log();
    if (session.ending.how == Ending::How::interrupted)
        return could_not_run(fmt::format("interrupted by SIG{}", sigabbrev_np(session.ending.status)));
    if (session.ending.how == Ending::How::timed_out)
        return could_not_run(no_end(session, recorder, spec, hangs));
    const auto verdict = judge_log_of(session, host, log, recorder.unfinished());
    // If neither guest nor kernel wrote anything, the emulator may have failed.
    if (session.crashed && (log.started || !session.complaint.empty()) &&
        verdict.code != ExitCode::audit_failed)
        return host_crashed(session.complaint, amid_what(recorder));
    // A host whose kernel warns or crashes is not sound, even if its counts are right.
    if (verdict.code == ExitCode::pass && !session.complaint.empty())
        return {ExitCode::audit_failed,
                "fail: every audit passed, but the host's kernel complained: " + session.complaint};
    // Report the cause, not its effect on the log.
    if (!verdict.complete && log.contradiction.empty() && log.one_shot.is_null() && !session.trouble.empty())
        return could_not_run(
            session.trouble +
            (log.last_line.empty() ? "" : fmt::format("; the guest's last line: \"{}\"", log.last_line)));
    return spec.marks ? verdict_on(host, verdict) : overruled(verdict, host);
}

HostState state_of(const Session& session, const Recorder& recorder, const Verdict& verdict,
                   const HostSpec& spec, bool hangs) {
    const auto& witness = session.witness;
    return {.complaint = session.complaint,
            .place = session.complaint_place,
            .crash = session.ending.by_us() || verdict.complete ? "" : session.trouble,
            .hang = hangs ? no_end(session, recorder, spec, hangs) : "",
            .stall = session.stall,
            .console_lines = session.console_lines,
            .unanswered = verdict.code == ExitCode::not_patched && witness && witness->has_ledger(),
            .ledger = witness ? witness->exits() : std::vector<ExitRow>{},
            .ledger_total = witness ? witness->ledger_total() : 0};
}

} // namespace

AuditReport audit(const Lane& lane, const HostSpec& spec, const Places& places, const Listener& listener) {
    const auto start = Clock::now();
    auto heard_guest = start, heard_host = start;
    Recorder recorder(audits_of(spec.plan));
    auto recording = listener;
    recording.guest = [&](std::string_view bytes) {
        recorder.feed(bytes, [](const std::string&, LogReader::Kind) {});
        listener.guest(bytes); // whose reader may be slow
        heard_guest = Clock::now();
    };
    recording.note = [&](std::string_view line) {
        listener.note(line);
        heard_host = Clock::now();
    };
    const auto session = lane.run(spec, places, recording);
    const auto end = Clock::now();
    const std::chrono::duration<double> seconds = end - start;

    // The watchdogs of a kernel that hangs write, too. One that has not booted is slow.
    const bool hangs = session.ending.how == Ending::How::timed_out && !session.kernel.empty() &&
                       end - heard_guest >= silence &&
                       (end - heard_host >= silence || !session.stall.empty());
    auto log = recorder.log();
    const auto host = host_results(session, spec, log);
    AuditReport report{recorder.bytes(), log, judge_session(session, host, recorder, spec, hangs),
                       circumstances_of(lane, session, seconds.count(), host)};
    report.circumstances.hangs = hangs;
    report.took = session.ending.took;
    report.amid = recorder.current();
    if (!spec.marks)
        report.circumstances.causes =
            diagnose(report.log, host, state_of(session, recorder, report.verdict, spec, hangs));
    if (session.ending.how == Ending::How::interrupted) report.signal = session.ending.status;
    return report;
}

AuditReport audit_of_log(std::string_view bytes, const std::function<void(std::string_view)>& take) {
    Recorder recorder;
    recorder.feed(bytes, [&](const std::string& line, LogReader::Kind) { take(line); });
    const auto& log = recorder.log();
    AuditReport report{recorder.bytes(), log, overruled(judge(log, recorder.unfinished()), log.host), {}};
    for (const auto& result : log.host)
        report.circumstances.host.push_back({result.name, result.outcome, result.message, {}});
    report.circumstances.causes = diagnose(log, report.circumstances.host, {});
    return report;
}

} // namespace exitaudit
