// Composing QEMU's command line for the audited guest.
#include "exitaudit/lanes/guest_command.hpp"

#include "exitaudit/catalogue/catalogue.hpp"
#include "exitaudit/support/words.hpp"

#include <boost/algorithm/string/replace.hpp>
#include <fmt/format.h>

#include <algorithm>

namespace exitaudit {
namespace {

constexpr auto microvm = "microvm";

std::string machine_of(const Guest& guest) {
    if (!guest.machine.empty()) return guest.machine;
    return guest.boot == Boot::iso ? "pc" : microvm;
}

std::string machine_option(const Guest& guest) {
    const auto machine = machine_of(guest);
    if (machine != microvm) return machine;
    // A microvm may add words of its own to the command line, which is our plan. Without
    // ACPI its firmware is qboot, which knows PVH alone, but enters it at once and, unlike
    // SeaBIOS, never waits in HLT for an interrupt.
    return guest.boot == Boot::pvh ? "microvm,auto-kernel-cmdline=off,acpi=off"
                                   : "microvm,auto-kernel-cmdline=off";
}

std::string quoted(const std::string& word) {
    constexpr std::string_view plain =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_./,:=+";
    if (!word.empty() && word.find_first_not_of(plain) == std::string::npos) return word;
    std::string text = "'";
    for (const char c : word) text += c == '\'' ? std::string("'\\''") : std::string(1, c);
    return text + "'";
}

} // namespace

Guest guest_from(const HostSpec& spec, Accelerator accelerator, const std::string& image) {
    // First, so that a number in the plan takes precedence.
    auto plan = spec.plan;
    if (spec.vcpus > 1) plan.insert(plan.begin(), fmt::format("vcpus={}", spec.vcpus));
    if (spec.shadow_paging) plan.emplace_back("paging=shadow");
    if (spec.noise) plan.emplace_back("noise=yes");
    return {accelerator, spec.boot, spec.machine, std::max(spec.vcpus, vcpus_of(plan)), image, plan, false};
}

void speak_by_virtio(Guest& guest) {
    if (machine_of(guest) != microvm) return;
    guest.virtio_console = true;
    guest.plan.insert(guest.plan.begin(), "console=virtio");
}

std::vector<std::string> guest_command(const Guest& guest) {
    const bool kvm = guest.accelerator == Accelerator::kvm;
    // Setting IA32_ARCH_CAPABILITIES fails on some KVMs; no audit reads it.
    auto command = words(
        "qemu-system-x86_64 -M {} -accel {} -cpu {} -smp {} -m 128 -nodefaults -no-user-config "
        "-display none -no-reboot -serial stdio -device isa-debug-exit,iobase=0xf4,iosize=4",
        machine_option(guest), kvm ? "kvm" : "tcg", kvm ? "host,arch-capabilities=off" : "max", guest.vcpus);
    // The guest waits until each line is written. A log file is always written in full; another backend drops
    // what standard output does not take at once: QEMU's flush_buf() in virtio-console.c.
    if (guest.virtio_console)
        append(command, words("-global virtio-mmio.force-legacy=off -global virtio-mmio.ioeventfd=off "
                              "-device virtio-serial-device "
                              "-chardev null,id=console,logfile=/proc/self/fd/1,logappend=on "
                              "-device virtconsole,chardev=console"));
    const auto plan = fmt::format("{}", fmt::join(guest.plan, " "));
    append(command, {guest.boot == Boot::iso ? "-cdrom" : "-kernel", guest.image});
    if (plan.empty()) return command;
    // The CD's menu looks for the plan here. QEMU wants each comma twice.
    if (guest.boot == Boot::iso)
        append(command, {"-smbios", "type=1,version=exitaudit " + boost::replace_all_copy(plan, ",", ",,")});
    else
        append(command, {"-append", plan});
    return command;
}

std::string shell_line(const Words& words) {
    std::string line;
    for (const auto& word : words) line += (line.empty() ? "" : " ") + quoted(word);
    return line;
}

} // namespace exitaudit
