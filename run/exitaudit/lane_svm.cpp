// The svm lane: QEMU's TCG emulates an AMD CPU with SVM; Linux and its KVM run on
// that as the embedded host (L1); the guest runs on that KVM (L2).
#include "embedded_host.hpp"

namespace exitaudit {
namespace {

// Two CPUs by turns, not side by side: with a thread each, QEMU 7.2 now and then runs
// stale code where one CPU has the kernel patch its text, as KVM does when it starts.
// Where it turns to the other one, it delivers the interrupt that the last VMRUN injected a second
// time, even if the guest has interrupts off (helper_vmrun() leaves exception_index set): our guest
// stands that, but Linux then waits for a lock that it holds.
std::vector<std::string> host_command(const EmbeddedHost& host, const std::string& initramfs, const char* cpus)
{
    return {
        "qemu-system-x86_64", "-M", "pc", "-accel", "tcg,thread=single", "-cpu", "EPYC", "-smp", cpus, "-m", "512",
        "-nodefaults", "-no-user-config", "-display", "none", "-no-reboot",
        "-chardev", "file,id=console,path=/dev/stderr", "-serial", "chardev:console",
        "-chardev", "stdio,id=guest,signal=off", "-serial", "chardev:guest",
        "-kernel", host.kernel.string(), "-initrd", initramfs, "-append", host_kernel_words,
    };
}

Session run(const RunOptions& options, const Places& places, const Listener& listener)
{
    find_program("qemu-system-x86_64", "qemu-system-x86");
    const auto host = EmbeddedHost::find(options, places);
    const MemoryFile initramfs("initramfs", host_initramfs(host, "qemu", options, places));
    const auto command = host_command(host, initramfs.path_for_child(), options.own_guest ? "1" : "2");
    return run_embedded_host({"QEMU", command, qemu_version(), host_kernel_words}, options, listener);
}

} // namespace

const Lane svm_lane{"svm", run, true};

} // namespace exitaudit
