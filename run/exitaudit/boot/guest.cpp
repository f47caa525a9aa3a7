// Composing the Linux guest.
#include "exitaudit/boot/guest.hpp"

#include <fmt/format.h>

namespace exitaudit {
namespace {

// Quiet, because each character on the console is an exit or more; the rest as for the
// embedded host: run/exitaudit/lanes/embedded_host.hpp. reboot=t: a triple fault ends QEMU at once.
constexpr auto kernel_words =
    "console=ttyS0 quiet nosoftlockup mitigations=off cryptomgr.notests panic=-1 reboot=t tsc=reliable";

constexpr unsigned empty_disk_size = 64 << 20;

void add_devices(std::vector<std::string>& words, const BootOptions& options, const BootFiles& files)
{
    if (files.disk.empty())
        words.insert(words.end(),
                     {"-blockdev",
                      fmt::format("driver=null-co,read-zeroes=on,node-name=disk,size={}", empty_disk_size)});
    else
        words.insert(words.end(), {"-drive", fmt::format("if=none,id=disk,format=raw,snapshot={},file={}",
                                                         files.disposable_disk ? "off" : "on", files.disk)});
    if (options.devices == "emulated") {
        words.insert(words.end(), {"-device", "nvme,serial=1,drive=disk"});
        return; // the distribution's cloud kernel has no driver for an emulated network card
    }
    const bool bus = options.machine == "microvm"; // virtio-mmio
    words.insert(words.end(),
                 {"-netdev", "user,id=net", "-device",
                  bus ? "virtio-net-device,netdev=net" : "virtio-net-pci,netdev=net,romfile=", "-device",
                  bus ? "virtio-blk-device,drive=disk" : "virtio-blk-pci,drive=disk"});
}

} // namespace

std::vector<std::string> boot_command(const BootOptions& options, const BootFiles& files)
{
    auto append = fmt::format("{} work={}", kernel_words, options.work);
    if (!options.append.empty())
        append += " " + options.append;
    std::vector<std::string> words{
        files.sampler,
        std::to_string(options.interval.count()),
        std::to_string(options.stop.count() * 1000),
        "--",
        "qemu-system-x86_64",
        // Where no real-time clock is, Linux asks for one for a thousand times an exit's time.
        "-M",
        options.machine == "microvm" ? "microvm,rtc=on" : options.machine,
        "-accel",
        "kvm",
        "-cpu",
        "host,arch-capabilities=off",
        "-smp",
        std::to_string(options.vcpus),
        "-m",
        std::to_string(options.memory),
        "-nodefaults",
        "-no-user-config",
        "-display",
        "none",
        "-no-reboot",
        "-serial",
        "stdio",
        "-kernel",
        files.kernel,
        "-append",
        append,
    };
    if (!files.initrd.empty())
        words.insert(words.end(), {"-initrd", files.initrd});
    add_devices(words, options, files);
    return words;
}

} // namespace exitaudit
