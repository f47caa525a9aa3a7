// QEMU's command line for the Linux guest, and the sampler around it.
#include "exitaudit/boot/options.hpp"

#include "exitaudit/support/words.hpp"

#include <fmt/format.h>

namespace exitaudit {
namespace {

// Quiet, because each character on the console is an exit or more; the rest as for the
// embedded host: run/exitaudit/lanes/embedded_host.hpp. reboot=t: a triple fault ends QEMU at once.
constexpr auto kernel_words =
    "console=ttyS0 quiet nosoftlockup mitigations=off cryptomgr.notests panic=-1 reboot=t tsc=reliable";

constexpr unsigned empty_disk_size = 64 << 20;

void add_devices(Words& command, const BootOptions& options, const BootFiles& files) {
    append(command,
           files.disk.empty()
               ? words("-blockdev driver=null-co,read-zeroes=on,node-name=disk,size={}", empty_disk_size)
               : Words{"-drive", fmt::format("if=none,id=disk,format=raw,snapshot={},file={}",
                                             files.disposable_disk ? "off" : "on", files.disk)});
    // The distribution's cloud kernel has no driver for an emulated network card.
    if (options.devices == "emulated") return append(command, words("-device nvme,serial=1,drive=disk"));
    const bool mmio = options.machine == "microvm";
    append(command, words("-netdev user,id=net -device {} -device {}",
                          mmio ? "virtio-net-device,netdev=net" : "virtio-net-pci,netdev=net,romfile=",
                          mmio ? "virtio-blk-device,drive=disk" : "virtio-blk-pci,drive=disk"));
}

} // namespace

Words boot_command(const BootOptions& options, const BootFiles& files) {
    auto append_words = fmt::format("{} work={}", kernel_words, options.work);
    if (!options.append.empty()) append_words += " " + options.append;
    Words command{files.sampler};
    // Without a real-time clock, Linux waits for one for a thousand times an exit's time.
    append(command,
           words("{} {} -- qemu-system-x86_64 -M {} -accel kvm -cpu host,arch-capabilities=off -smp {} "
                 "-m {} -nodefaults -no-user-config -display none -no-reboot -serial stdio",
                 options.interval.count(), options.stop.count() * 1000,
                 options.machine == "microvm" ? "microvm,rtc=on" : options.machine, options.vcpus,
                 options.memory));
    append(command, {"-kernel", files.kernel, "-append", append_words});
    if (!files.initrd.empty()) append(command, {"-initrd", files.initrd});
    add_devices(command, options, files);
    return command;
}

} // namespace exitaudit
