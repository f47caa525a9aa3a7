// The guest's QEMU as a child process: what the native and tcg lanes share.
#include "exitaudit/lanes/direct.hpp"

#include "exitaudit/log/lines.hpp"

#include <fmt/core.h>

namespace exitaudit {
namespace {

std::vector<std::string> command_of(const HostSpec& spec, const Places& places, Accelerator accelerator)
{
    if (spec.own_guest)
        return spec.own_guest->command;
    const auto image = places.guest(spec.boot, spec.image);
    return guest_command(guest_from(spec, accelerator, image.string()));
}

} // namespace

Session run_directly(const HostSpec& spec, const Places& places, const Listener& listener,
                     Accelerator accelerator, const Around& around)
{
    find_program("qemu-system-x86_64", "qemu-system-x86");
    auto command = command_of(spec, places, accelerator);
    if (around.command)
        command = around.command(std::move(command));
    listener.note(shell_line(command));
    listener.stage("guest runs");

    Session session;
    LineSplitter errors;
    Watcher watcher{listener.guest, {}, listener.tick, around.started};
    watcher.err = [&](std::string_view bytes) {
        errors.feed(bytes, [&](const std::string& line) {
            listener.note(line);
            session.console.push_back(line);
        });
    };
    session.kernel = running_kernel();
    session.facts = facts_of_machine();
    session.ending = run_process(command, spec.timeout, watcher);
    if (spec.own_guest)
        return session; // which reports its own end
    if (session.ending.how == Ending::How::exited)
        session.guest_status = guest_status_from(session.ending.status);
    if (session.ending.exited_with(1))
        session.trouble = "QEMU refused to start";
    else if (session.ending.how == Ending::How::signalled)
        session.trouble = fmt::format("QEMU was ended by signal {}", session.ending.status);
    else if (session.ending.exited_with(0))
        session.trouble = "the guest reset or powered off (a triple fault?)";
    return session;
}

} // namespace exitaudit
