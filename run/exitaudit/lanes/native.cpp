// The native lane: this machine's own KVM.
#include "exitaudit/lanes/direct.hpp"
#include "exitaudit/support/exit_code.hpp"
#include "exitaudit/witness/instruments.hpp"
#include "exitaudit/log/lines.hpp"
#include "exitaudit/lanes/perf.hpp"
#include "exitaudit/support/file.hpp"

#include <fmt/core.h>

#include <cerrno>
#include <cstring>

#include <fcntl.h>
#include <unistd.h>

namespace exitaudit {
namespace {

// perf's report of what it recorded in this file goes to the witness.
void read_perf(const MemoryFile& data, Witness& witness)
{
    LineSplitter lines;
    Watcher watcher;
    watcher.err = [&](std::string_view bytes) {
        lines.feed(bytes, [&](const std::string& line) { witness.line("perf " + line); });
    };
    run_process(perf_report({"perf"}, data.path_for_child()), std::chrono::minutes(1), watcher);
}

Session run_native(const HostSpec& spec, const Places& places, const Listener& listener)
{
    if (spec.perf)
        find_perf();
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
    Instruments instruments;
    const MemoryFile data("perf.data", {});
    // perf needs what the tracepoint's histogram needs.
    const bool recording = spec.perf && instruments.tracing_obstacle().empty();
    Around around{{}, [&](int process) { instruments.watch(process); }};
    if (recording)
        around.command = [&](std::vector<std::string> command) {
            // If perf is killed, QEMU must not be left.
            command.insert(command.begin(), {"setpriv", "--pdeathsig", "KILL"});
            return perf_record({"perf"}, data.path_for_child(), command);
        };
    auto session = run_directly(spec, places, listener, Accelerator::kvm, around);

    auto witness = instruments.testimony();
    if (spec.perf)
        witness.expect_perf();
    if (recording)
        read_perf(data, witness);
    else if (spec.perf)
        witness.line("missing perf " + instruments.tracing_obstacle());
    session.witness = std::move(witness);
    return session;
}

} // namespace

void require_kvm()
{
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

const Lane native_lane{.name = "native", .run = run_native};

} // namespace exitaudit
