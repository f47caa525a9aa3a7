// What documents say of a session.
#include "exitaudit/lanes/lane.hpp"

namespace exitaudit {

Circumstances circumstances_of(const Lane& lane, const Session& session, double seconds,
                               std::vector<HostResult> host)
{
    const bool interrupted = session.ending.how == Ending::How::interrupted;
    // Who has pressed ^C waits for no version.
    Circumstances circumstances{std::string(lane.name), session.kernel, interrupted ? "" : qemu_version(),
                                seconds, std::move(host)};
    circumstances.emulator = session.emulator;
    circumstances.facts = session.facts;
    circumstances.machine = facts_of_machine();
    circumstances.machine_kernel = running_kernel();
    if (session.witness) {
        circumstances.exits = session.witness->exits();
        circumstances.svm = session.witness->is_svm();
    }
    circumstances.timed_out = session.ending.how == Ending::How::timed_out;
    circumstances.crashed = session.crashed;
    circumstances.trouble = session.trouble;
    circumstances.complaint = session.complaint;
    circumstances.console = session.console;
    return circumstances;
}

} // namespace exitaudit
