// Judging a boot: did it come to its end, and do the host's instruments agree?
#include "exitaudit/boot/report.hpp"

#include "exitaudit/support/take.hpp"

#include <ranges>

namespace exitaudit {
namespace {

constexpr auto phases_name = "boot.phases";
constexpr std::string_view last_phase = "reset"; // of run/linux-guest/init

// QEMU's last message on standard error, which an embedded host (run/embedded-host/init) marks on its
// console; without one, how it ended.
std::string last_words(const Session& session, const BootLog& log) {
    for (std::string_view text : session.console | std::views::reverse) {
        take_prefix(text, "embedded-host: emulator: ");
        if (text.starts_with("qemu")) return std::string(text);
    }
    return fmt::format("it ended with status {}", log.status());
}

Verdict not_patched(const std::string& why) { return {ExitCode::not_patched, "not patched: " + why, true}; }

} // namespace

HostResult phases_reached(const BootLog& log, const BootOptions& options) {
    const bool ours = options.kernel_image.empty() && options.initrd.empty();
    const auto phases = log.phases();
    const auto& last = phases.back();
    if (!ours && !last.marked) return {phases_name, Outcome::skip, "the guest marks none"};
    if (!ours || last.name == last_phase)
        return {phases_name, Outcome::ok, fmt::format("{} phases, the last {}", phases.size(), last.name)};
    if (options.stop.count() > 0)
        return {phases_name, Outcome::skip,
                fmt::format("--stop may have ended the guest, amid {}", last.name)};
    return {phases_name, Outcome::not_ok,
            fmt::format("the guest ended amid {}, before its last phase", last.name)};
}

Verdict judge_boot(const Session& session, const BootLog& log, const BootOptions& options,
                   const std::vector<HostResult>& host) {
    if (session.ending.how == Ending::How::interrupted) return could_not_run("interrupted");
    if (!session.no_ledger.empty()) return not_patched(session.no_ledger);
    constexpr auto nothing_in_debugfs =
        "the host shows no exit_ledger in debugfs (on your own host: as root)";
    if (session.ending.how == Ending::How::timed_out && log.spoke() && !log.sampled())
        return not_patched(nothing_in_debugfs);
    if (session.ending.how == Ending::How::timed_out)
        return could_not_run("no end in time: the guest hangs, or needs a longer --timeout, or --stop");
    if (session.crashed && (log.sampled() || !session.complaint.empty()))
        return host_crashed(session.complaint, fmt::format(", amid {}", log.phases().back().name));
    if (!log.ended())
        return could_not_run(session.trouble.empty() ? "the guest's log is cut off" : session.trouble);
    if (!log.started() && (log.sampled() || log.status() != 0))
        return could_not_run("QEMU did not start the guest: " + last_words(session, log));
    if (!log.sampled()) {
        if (log.status() == 0) return not_patched(nothing_in_debugfs);
        return could_not_run(fmt::format("QEMU ended with status {}", log.status()));
    }
    for (const auto& result : host)
        if (result.outcome == Outcome::not_ok)
            return result.name == phases_name
                       ? could_not_run(result.message)
                       : Verdict{ExitCode::audit_failed,
                                 fmt::format("fail: {}: {}", result.name, result.message), true};
    if (options.read && log.readings().empty())
        return could_not_run("the guest ended before it read its ledger");
    const auto total = log.samples().back().total.count;
    if (session.witness->has_ledger() && session.witness->ledger_total() != total)
        return {ExitCode::audit_failed,
                fmt::format("fail: the last sample has {} exits, the ledger in the end {}", total,
                            session.witness->ledger_total()),
                true};
    if (!session.complaint.empty())
        return {ExitCode::audit_failed, "fail: the host's kernel complained: " + session.complaint, true};
    return {ExitCode::pass, fmt::format("pass: booting and all phases took {} exits", total), true};
}

} // namespace exitaudit
