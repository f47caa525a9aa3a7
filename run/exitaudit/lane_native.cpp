// The native lane: this machine's own KVM.
#include "direct.hpp"
#include "exit_code.hpp"
#include "instruments.hpp"

#include <fmt/core.h>

#include <cerrno>
#include <cstring>

#include <fcntl.h>
#include <unistd.h>

namespace exitaudit {
namespace {

void require_kvm()
{
    const int descriptor = open("/dev/kvm", O_RDWR | O_CLOEXEC);
    if (descriptor >= 0) {
        close(descriptor);
        return;
    }
    if (errno == ENOENT)
        throw Error("there is no /dev/kvm: load kvm-intel or kvm-amd, switch virtualization on in the firmware, "
                    "or use --lane svm, which needs neither");
    if (errno == EACCES || errno == EPERM)
        throw Error("no permission for /dev/kvm: add yourself to group kvm (usermod -aG kvm USER) and log in again, "
                    "or use --lane svm");
    throw Error(fmt::format("cannot open /dev/kvm: {}: use --lane svm", std::strerror(errno)));
}

Session run(const RunOptions& options, const Places& places, const Listener& listener)
{
    require_kvm();
    Instruments instruments;
    auto session = run_directly(options, places, listener, Accelerator::kvm, [&](int process) { instruments.watch(process); });
    session.host = instruments.testimony().results();
    return session;
}

} // namespace

const Lane native_lane{"native", run};

} // namespace exitaudit
