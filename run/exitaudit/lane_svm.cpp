// The svm lane: QEMU's TCG emulates an AMD CPU with SVM; Linux and its KVM run on
// that as the embedded host (L1); the guest runs on that KVM (L2).
#include "embedded_host.hpp"
#include "lane.hpp"
#include "log/lines.hpp"

#include <fmt/core.h>

namespace exitaudit {
namespace {

// Mitigations and self-tests are not audited, but cost time. Log level 5 lets the
// kernel's warnings through to the console.
constexpr auto kernel_words = "console=ttyS0 loglevel=5 mitigations=off cryptomgr.notests panic=-1";

// Two CPUs by turns, not side by side: with a thread each, QEMU 7.2 now and then runs
// stale code where one CPU has the kernel patch its text, as KVM does when it starts.
// The host's console goes to standard error, the guest's serial port, which the
// host passes through on its second one, to standard output.
std::vector<std::string> host_command(const EmbeddedHost& host, const std::string& initramfs)
{
    return {
        "qemu-system-x86_64", "-M", "pc", "-accel", "tcg,thread=single", "-cpu", "EPYC", "-smp", "2", "-m", "512",
        "-nodefaults", "-no-user-config", "-display", "none", "-no-reboot",
        "-chardev", "file,id=console,path=/dev/stderr", "-serial", "chardev:console",
        "-chardev", "stdio,id=guest,signal=off", "-serial", "chardev:guest",
        "-kernel", host.kernel.string(), "-initrd", initramfs, "-append", kernel_words,
    };
}

std::string trouble_of(const Ending& ending, const HostConsole& console)
{
    if (!console.failure.empty())
        return "the embedded host failed: " + console.failure;
    if (ending.how == Ending::How::signalled)
        return fmt::format("QEMU was ended by signal {}", ending.status);
    if (!ending.exited_with(0))
        return "QEMU, emulating the host, failed";
    if (!console.guest_exited)
        return "the embedded host ended before its guest: it crashed";
    if (*console.guest_exited == 0)
        return "the guest reset or powered off (a triple fault?)";
    if (*console.guest_exited == 1)
        return "the embedded host's QEMU refused to start the guest";
    return {};
}

Session run(const RunOptions& options, const Places& places, const Listener& listener)
{
    find_program("qemu-system-x86_64", "qemu-system-x86");
    const auto host = EmbeddedHost::find(options, places);
    const MemoryFile initramfs(host.initramfs, host_overlay(host, options, places));
    const auto command = host_command(host, initramfs.path_for_child());
    listener.note(shell_line(command));
    listener.stage("host boots");

    HostConsole console;
    LineSplitter lines;
    Watcher watcher{listener.guest, {}, listener.tick};
    watcher.err = [&](std::string_view bytes) {
        lines.feed(bytes, [&](const std::string& line) {
            if (const auto stage = console.line(line); !stage.empty())
                listener.stage(stage);
            listener.note(line);
        });
    };
    Session session;
    session.ending = run_process(command, options.timeout, watcher);
    session.kernel = console.kernel;
    session.console = console.tail;
    session.complaint = console.complaint;
    session.trouble = trouble_of(session.ending, console);
    if (console.guest_exited)
        session.guest_status = guest_status_from(*console.guest_exited);
    return session;
}

} // namespace

const Lane svm_lane{"svm", run};

} // namespace exitaudit
