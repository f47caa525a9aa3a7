// Composing QEMU's command line for the audited guest.
#include "guest_command.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace exitaudit {
namespace {

std::string machine_option(const Guest& guest)
{
    const auto fallback = guest.boot == Boot::iso ? "pc" : "microvm";
    const auto& machine = guest.machine.empty() ? fallback : guest.machine;
    if (machine != "microvm")
        return machine;
    // A microvm may add words of its own to the command line, which is our plan. Without
    // ACPI its firmware is qboot, which knows PVH alone, but enters it at once and, unlike
    // SeaBIOS, never waits in HLT for an interrupt.
    return guest.boot == Boot::pvh ? "microvm,auto-kernel-cmdline=off,acpi=off" : "microvm,auto-kernel-cmdline=off";
}

std::string quoted(const std::string& word)
{
    constexpr std::string_view plain = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_./,:=+";
    if (!word.empty() && word.find_first_not_of(plain) == std::string::npos)
        return word;
    std::string text = "'";
    for (const char c : word)
        text += c == '\'' ? std::string("'\\''") : std::string(1, c);
    return text + "'";
}

} // namespace

Guest guest_from(const RunOptions& options, Accelerator accelerator, const std::string& image)
{
    Guest guest{accelerator, options.boot, options.machine, options.vcpus, image, options.plan};
    if (options.no_ept)
        guest.plan.emplace_back("paging=shadow");
    return guest;
}

std::vector<std::string> guest_command(const Guest& guest)
{
    const bool kvm = guest.accelerator == Accelerator::kvm;
    std::vector<std::string> words{
        "qemu-system-x86_64", "-M", machine_option(guest),
        "-accel", kvm ? "kvm" : "tcg",
        // Setting IA32_ARCH_CAPABILITIES fails on some KVMs; no audit reads it.
        "-cpu", kvm ? "host,arch-capabilities=off" : "max",
        "-smp", std::to_string(guest.vcpus),
        "-m", "128",
        "-nodefaults", "-no-user-config", "-display", "none", "-no-reboot",
        "-serial", "stdio",
        "-device", "isa-debug-exit,iobase=0xf4,iosize=4",
    };
    if (guest.boot == Boot::iso) {
        words.insert(words.end(), {"-cdrom", guest.image});
        // The menu adds this to its own plan (run/iso/grub.cfg).
        if (!guest.plan.empty())
            words.insert(words.end(), {"-smbios", fmt::format("type=11,value={}", fmt::join(guest.plan, " "))});
        return words;
    }
    words.insert(words.end(), {"-kernel", guest.image});
    if (!guest.plan.empty())
        words.insert(words.end(), {"-append", fmt::format("{}", fmt::join(guest.plan, " "))});
    return words;
}

std::string shell_line(const std::vector<std::string>& words)
{
    std::string line;
    for (const auto& word : words)
        line += (line.empty() ? "" : " ") + quoted(word);
    return line;
}

} // namespace exitaudit
