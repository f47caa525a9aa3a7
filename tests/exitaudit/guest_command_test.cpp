// The guest's QEMU command line.
#include "exitaudit/lanes/guest_command.hpp"

#include <gtest/gtest.h>

#include <algorithm>

namespace exitaudit::test {
namespace {

// The word that follows `option`; "(none)" without that option.
std::string value_of(const std::vector<std::string>& words, const std::string& option) {
    const auto at = std::find(words.begin(), words.end(), option);
    return at == words.end() || at + 1 == words.end() ? "(none)" : *(at + 1);
}

Guest guest(Boot boot) {
    Guest guest;
    guest.boot = boot;
    guest.image = "/audit/guest";
    return guest;
}

TEST(GuestCommand, BootsAnImageOnAMicrovm) {
    const auto words = guest_command(guest(Boot::kernel));
    EXPECT_EQ(words.front(), "qemu-system-x86_64");
    EXPECT_EQ(value_of(words, "-kernel"), "/audit/guest");
    EXPECT_EQ(value_of(words, "-M"), "microvm,auto-kernel-cmdline=off");
    EXPECT_EQ(value_of(words, "-accel"), "kvm");
    EXPECT_EQ(value_of(words, "-device"), "isa-debug-exit,iobase=0xf4,iosize=4");
    EXPECT_EQ(value_of(words, "-append"), "(none)");
    EXPECT_EQ(std::count(words.begin(), words.end(), "-no-reboot"), 1);
}

TEST(GuestCommand, BootsByPvhWithoutFirmwareThatWaits) {
    EXPECT_EQ(value_of(guest_command(guest(Boot::pvh)), "-M"), "microvm,auto-kernel-cmdline=off,acpi=off");
}

TEST(GuestCommand, BootsACdOnAPc) {
    const auto words = guest_command(guest(Boot::iso));
    EXPECT_EQ(value_of(words, "-cdrom"), "/audit/guest");
    EXPECT_EQ(value_of(words, "-M"), "pc");
    EXPECT_EQ(value_of(words, "-kernel"), "(none)");
    EXPECT_EQ(value_of(words, "-smbios"), "(none)");

    auto planned = guest(Boot::iso);
    planned.plan = {"io.*", "format=ktap,json"};
    EXPECT_EQ(value_of(guest_command(planned), "-smbios"), "type=1,version=exitaudit io.* format=ktap,,json");
}

TEST(GuestCommand, FollowsTheOptions) {
    HostSpec spec;
    spec.machine = "q35";
    spec.vcpus = 4;
    spec.plan = {"io.*", "count=7"};
    const auto words = guest_command(guest_from(spec, Accelerator::tcg, "x"));
    EXPECT_EQ(value_of(words, "-M"), "q35");
    EXPECT_EQ(value_of(words, "-smp"), "4");
    EXPECT_EQ(value_of(words, "-accel"), "tcg");
    EXPECT_EQ(value_of(words, "-append"), "vcpus=4 io.* count=7");

    spec.shadow_paging = true;
    EXPECT_EQ(value_of(guest_command(guest_from(spec, Accelerator::kvm, "x")), "-append"),
              "vcpus=4 io.* count=7 paging=shadow");
    spec.noise = true;
    EXPECT_EQ(value_of(guest_command(guest_from(spec, Accelerator::kvm, "x")), "-append"),
              "vcpus=4 io.* count=7 paging=shadow noise=yes");
}

TEST(GuestCommand, HasAsManyVcpusAsThePlanWantsToFire) {
    HostSpec spec;
    EXPECT_EQ(value_of(guest_command(guest_from(spec, Accelerator::kvm, "x")), "-append"), "(none)");
    spec.plan = {"vcpus=3"};
    EXPECT_EQ(value_of(guest_command(guest_from(spec, Accelerator::kvm, "x")), "-smp"), "3");
    spec.vcpus = 8;
    const auto words = guest_command(guest_from(spec, Accelerator::kvm, "x"));
    EXPECT_EQ(value_of(words, "-smp"), "8");
    EXPECT_EQ(value_of(words, "-append"), "vcpus=8 vcpus=3");
}

TEST(GuestCommand, HasAVirtioConsoleOnAMicrovmAlone) {
    auto speaker = guest(Boot::pvh);
    speaker.plan = {"console=serial", "io.*"};
    auto words = guest_command(speaker);
    EXPECT_EQ(std::count(words.begin(), words.end(), "virtio-serial-device"), 0);
    speak_by_virtio(speaker);
    words = guest_command(speaker);
    EXPECT_EQ(std::count(words.begin(), words.end(), "virtio-serial-device"), 1);
    EXPECT_EQ(value_of(words, "-serial"), "stdio");
    // The plan has the last word.
    EXPECT_EQ(value_of(words, "-append"), "console=virtio console=serial io.*");

    for (auto pc : {guest(Boot::iso), guest(Boot::pvh)}) {
        pc.machine = pc.boot == Boot::iso ? "" : "pc";
        const auto before = guest_command(pc);
        speak_by_virtio(pc);
        EXPECT_EQ(guest_command(pc), before);
    }
}

TEST(ShellLine, QuotesWhatAShellWouldChange) {
    EXPECT_EQ(shell_line({"qemu", "-M", "pc,a=b"}), "qemu -M pc,a=b");
    EXPECT_EQ(shell_line({"-append", "io.* $x", "it's", ""}), "-append 'io.* $x' 'it'\\''s' ''");
}

} // namespace
} // namespace exitaudit::test
