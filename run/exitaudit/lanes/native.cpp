// The native lane, this machine's own KVM; and the tcg lane, without a KVM.
#include "exitaudit/lanes/guest_command.hpp"
#include "exitaudit/lanes/lane.hpp"
#include "exitaudit/support/exit_code.hpp"
#include "exitaudit/witness/instruments.hpp"
#include "exitaudit/log/lines.hpp"
#include "exitaudit/support/file.hpp"
#include "exitaudit/support/untrusted.hpp"
#include "exitaudit/support/words.hpp"

#include <cerrno>
#include <csignal>
#include <cstring>

#include <fcntl.h>
#include <unistd.h>

namespace exitaudit {
namespace {

// How to change QEMU's command line before it runs, and what to call with its process's number.
struct Around {
    std::function<std::vector<std::string>(std::vector<std::string>)> command;
    std::function<void(int)> started;
};

std::vector<std::string> command_of(const HostSpec& spec, const Places& places, Accelerator accelerator) {
    if (spec.own_guest) return spec.own_guest->command;
    const auto image = places.guest(spec.boot, spec.image);
    return guest_command(guest_from(spec, accelerator, image.string()));
}

// Runs the guest's QEMU as a child process, with this accelerator.
Session run_directly(const HostSpec& spec, const Places& places, const Listener& listener,
                     Accelerator accelerator, const Around& around = {}) {
    find_program("qemu-system-x86_64", "qemu-system-x86");
    auto command = command_of(spec, places, accelerator);
    if (around.command) command = around.command(std::move(command));
    listener.note(shell_line(command));
    listener.stage("guest runs");

    Session session;
    int process = 0;
    // Where KVM cannot go on, QEMU reports it, stops the guest, and waits.
    std::string internal_error;
    const auto errors = by_line([&](const std::string& line) {
        listener.note(line);
        session.console.push_back(line);
        if (!internal_error.empty() || !line.starts_with("KVM internal error")) return;
        internal_error = line;
        kill(process, SIGKILL);
    });
    const auto started = [&](int number) {
        process = number;
        if (around.started) around.started(number);
    };
    session.kernel = running_kernel();
    session.facts = facts_of_machine();
    session.ending = run_process(command, spec.timeout,
                                 {.out = listener.guest,
                                  .err = errors,
                                  .tick = listener.tick,
                                  .started = started,
                                  .silence = spec.silence});
    if (spec.own_guest) return session; // which reports its own end
    if (session.ending.how == Ending::How::exited)
        session.guest_status = guest_status_from(session.ending.status);
    if (!internal_error.empty())
        session.trouble = "KVM cannot go on with the guest: " + internal_error;
    else if (session.ending.exited_with(1))
        session.trouble = "QEMU refused to start";
    else if (session.ending.how == Ending::How::signalled)
        session.trouble = fmt::format("QEMU was ended by signal {}", session.ending.status);
    else if (session.ending.exited_with(0))
        session.trouble = "the guest reset or powered off (a triple fault?)";
    return session;
}

// perf's report of what it recorded in this file goes to the witness.
void read_perf(const MemoryFile& data, Witness& witness) {
    const auto report = by_line([&](const std::string& line) { witness.line("perf " + line); });
    run_process(perf_report({"perf"}, data.path_for_child()), std::chrono::minutes(1), {{}, report, {}, {}});
}

// Error with the remedy if this machine's /dev/kvm cannot be opened.
void require_kvm() {
    const int descriptor = open("/dev/kvm", O_RDWR | O_CLOEXEC);
    if (descriptor >= 0) {
        close(descriptor);
        return;
    }
    if (errno == ENOENT)
        throw Error(
            "there is no /dev/kvm: load kvm-intel or kvm-amd, switch virtualization on in the firmware, "
            "or use --lane svm, which needs neither");
    if (errno == EACCES || errno == EPERM)
        throw Error(
            "no permission for /dev/kvm: add yourself to group kvm (usermod -aG kvm USER) and log in again, "
            "or use --lane svm");
    throw failure("cannot open /dev/kvm: {}: use --lane svm", std::strerror(errno));
}

Session run_native(const HostSpec& spec, const Places& places, const Listener& listener) {
    if (spec.perf) find_perf();
    require_kvm();
    const auto no_ledger = ledger_obstacle();
    // The audited guest finds out by itself.
    if (spec.own_guest && !no_ledger.empty()) {
        Session session;
        session.kernel = running_kernel();
        session.facts = facts_of_machine();
        session.no_ledger = no_ledger;
        return session;
    }
    Instruments instruments({}, !spec.costs);
    if (spec.marks && !instruments.tracing_obstacle().empty())
        throw failure("{}", instruments.tracing_obstacle());
    const MemoryFile data("perf.data", {});
    // perf needs what the tracepoint histogram needs.
    const bool recording = spec.perf && instruments.tracing_obstacle().empty();
    const TemporaryDirectory scratch;
    Witness witness;
    const Around around{[&](std::vector<std::string> command) {
                            if (spec.marks) append(command, Marks::qemu_words(scratch.path()));
                            if (recording) {
                                // QEMU must end with perf.
                                command.insert(command.begin(), {"setpriv", "--pdeathsig", "KILL"});
                                command = perf_record({"perf"}, data.path_for_child(), command);
                            }
                            return spec.marks ? Marks::watched(command, instruments.events(), scratch.path())
                                              : command;
                        },
                        [&](int process) { instruments.watch(process); }};
    auto session = run_directly(spec, places, listener, Accelerator::kvm, around);

    if (spec.marks)
        LineSplitter().feed(read_file(scratch.path() / "marks"),
                            [&](const std::string& line) { witness.line(line); });
    instruments.testify(witness, spec.marks);
    if (spec.perf) witness.expect_perf();
    if (recording)
        read_perf(data, witness);
    else if (spec.perf)
        witness.line("missing perf " + instruments.tracing_obstacle());
    session.witness = std::move(witness);
    return session;
}

// Shows whether the guest itself works; there is no ledger.
Session run_tcg(const HostSpec& spec, const Places& places, const Listener& listener) {
    return run_directly(spec, places, listener, Accelerator::tcg);
}

} // namespace

const Lane native_lane{.name = "native", .run = run_native};
const Lane tcg_lane{.name = "tcg", .run = run_tcg, .kvm = false};

} // namespace exitaudit
