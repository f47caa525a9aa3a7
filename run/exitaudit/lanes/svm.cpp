// The svm lane: QEMU's TCG emulates an AMD CPU with SVM; Linux and its KVM run on
// that as the embedded host (L1); the guest runs on that KVM (L2).
#include "exitaudit/lanes/embedded_host.hpp"
#include "exitaudit/lanes/svm.hpp"
#include "exitaudit/support/file.hpp"
#include "exitaudit/support/words.hpp"

namespace exitaudit {
namespace {

// The two CPUs share one thread. With a thread each, QEMU 7.2 sometimes runs stale code after one CPU patches
// the kernel's text, as KVM does when it starts; 10.0 and 11.1 passed ten runs, but took a quarter more CPU
// time and were no faster. When it switches CPUs, QEMU (seen up to 11.1) delivers the interrupt that the last
// VMRUN injected a second time, even if the guest has interrupts off (helper_vmrun() leaves exception_index
// set). Our guest tolerates that, but Linux deadlocks: it gets one CPU.
Words host_command(const EmbeddedHost& host, const std::string& initramfs, const char* cpus, unsigned memory,
                   const std::string& kernel_words) {
    auto command = words("qemu-system-x86_64 -M pc -accel tcg,thread=single -cpu EPYC -smp {} -m {} "
                         "-nodefaults -no-user-config -display none -no-reboot "
                         "-chardev file,id=console,path=/dev/stderr -serial chardev:console "
                         "-chardev stdio,id=guest,signal=off -serial chardev:guest",
                         cpus, memory);
    append(command, {"-kernel", host.kernel.string(), "-initrd", initramfs, "-append", kernel_words});
    return command;
}

// On a busy machine Linux cannot calibrate the TSC early in its boot, and refines it later, when KVM is
// loaded, by more than KVM tolerates: set_tsc_khz() fails, the guests' TSC counts as standing still
// (l1_tsc_scaling_ratio is 0), and deadlines never arrive. QEMU shows this machine's own TSC. Neither can
// Linux check that timer interrupts arrive, and would panic.
std::string kernel_words(const HostSpec& spec, std::uint32_t khz) {
    const auto words = fmt::format("{} no_timer_check", kernel_words_of(spec));
    return khz ? fmt::format("{} tsc_early_khz={}", words, khz) : words;
}

Session run_svm(const HostSpec& spec, const Places& places, const Listener& listener) {
    return run_svm_host(spec, places, listener, {{}, measured_tsc_khz()});
}

} // namespace

Session run_svm_host(const HostSpec& spec, const Places& places, const Listener& listener,
                     const SvmClock& clock) {
    find_program("qemu-system-x86_64", "qemu-system-x86");
    const auto host = EmbeddedHost::find(spec, places);
    const auto version = qemu_version();
    if (spec.shadow_paging) require_intercepted_cr3(version);
    const MemoryFile initramfs("initramfs",
                               host_initramfs(host, emulator_word("qemu", version), spec, places));
    const auto words = kernel_words(spec, clock.khz);
    auto command = host_command(host, initramfs.path_for_child(), spec.own_guest || clock.one_cpu ? "1" : "2",
                                spec.sanitizers.empty() ? 512 : 1024, words);
    append(command, clock.words);
    return run_embedded_host({"QEMU", command, version, words}, spec, listener);
}

const Lane svm_lane{.name = "svm", .run = run_svm, .embedded = true, .vendor = Vendor::amd};

} // namespace exitaudit
