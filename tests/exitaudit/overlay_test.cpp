// The overlay archive, and what the embedded host's console says.
#include "exitaudit/lanes/embedded_host.hpp"
#include "exitaudit/lanes/overlay.hpp"
#include "exitaudit/support/file.hpp"

#include <gtest/gtest.h>

#include <array>

namespace exitaudit::test {
namespace {

TEST(Overlay, IsANewcArchivePaddedTo512Bytes) {
    for (const std::size_t size : {0U, 1U, 3U, 4U, 511U, 512U, 5000U}) {
        const std::array files{OverlayFile{"audit/guest", std::string(size, 'x')},
                               OverlayFile{"audit/command", "exec\n"}};
        const auto bytes = make_overlay(files);
        EXPECT_EQ(bytes.size() % 512, 0U) << size;
        EXPECT_EQ(bytes.substr(0, 6), "070701") << size;
        EXPECT_NE(bytes.find("audit/command"), std::string::npos) << size;
        EXPECT_NE(bytes.find("TRAILER!!!"), std::string::npos) << size;
    }
}

TEST(Overlay, StartsAtAMultipleOf512) {
    EXPECT_EQ(join_archives(std::string(700, 'b'), "overlay"),
              std::string(700, 'b') + std::string(324, '\0') + "overlay");
    EXPECT_EQ(join_archives(std::string(512, 'b'), "overlay"), std::string(512, 'b') + "overlay");
}

TEST(MemoryFile, CanBeReadByItsPath) {
    const MemoryFile file("test", "content");
    EXPECT_EQ(read_file(file.path_for_child()), "content");
}

TEST(HostConsole, FollowsTheHostToItsEnd) {
    HostConsole console;
    console.line("embedded-host: kernel: 6.1.0-56-cloud-amd64 #1 SMP Debian 6.1.192-2 (2026-01-01)");
    EXPECT_EQ(console.kernel, "Linux 6.1.0-56-cloud-amd64 6.1.192-2");
    EXPECT_FALSE(console.guest_exited);
    console.line("embedded-host: guest: exited with 33");
    EXPECT_EQ(console.guest_exited, 33);
    EXPECT_EQ(console.failure, "");
    EXPECT_EQ(console.complaint, "");
}

TEST(HostConsole, RemembersFailureAndComplaint) {
    HostConsole console;
    console.line("embedded-host: kernel: 6.1.0 #1");
    console.line("[    2.1] WARNING: CPU: 0 PID: 60 at arch/x86/kvm/x86.c:1 f+0x1/0x2 [kvm]");
    console.line("embedded-host: failed: kvm modules refused: kvm.ko: invalid module format");
    EXPECT_NE(console.complaint.find("x86.c:1"), std::string::npos);
    EXPECT_EQ(console.failure, "kvm modules refused: kvm.ko: invalid module format");
    EXPECT_EQ(console.console.size(), 3U);
}

TEST(HostConsole, DistinguishesAStallFromAComplaint) {
    HostConsole console;
    console.line("embedded-host: kernel: 6.1.0 #1");
    console.line("[   40.0] watchdog: BUG: soft lockup - CPU#0 stuck for 26s! [qemu:60]");
    console.line("[   40.1] RIP: 0010:handle_halt+0x7/0x9 [kvm_intel]");
    console.line("[   66.1] RIP: 0010:elsewhere+0x7/0x9");
    EXPECT_EQ(console.complaint, "");
    EXPECT_NE(console.stall.find("soft lockup"), std::string::npos);
    EXPECT_EQ(console.stall_place, "handle_halt+0x7/0x9 [kvm_intel]");
}

TEST(HostConsole, TakesNoOtherPlaceForAComplaints) {
    HostConsole console;
    console.line("embedded-host: kernel: 6.1.0 #1");
    console.line("[   10.0] BUG: scheduling while atomic: earlier-vm/102/0x00000002");
    console.line("[   10.1] RIP: 0033:0x408ba8");
    console.line("[   40.0] watchdog: BUG: soft lockup - CPU#0 stuck for 26s! [qemu:60]");
    console.line("[   40.1] RIP: 0010:handle_halt+0x7/0x9 [kvm_intel]");
    EXPECT_EQ(console.complaint_place, "");
    EXPECT_EQ(console.stall_place, "handle_halt+0x7/0x9 [kvm_intel]");
}

TEST(HostConsole, CountsNoComplaintFromBeforeKvm) {
    HostConsole console;
    console.line("[    0.0] WARNING: CPU: 0 PID: 0 at arch/x86/kernel/cpu/topology_common.c:57 "
                 "parse_legacy+0x10e/0x130");
    console.line("embedded-host: kernel: 6.12.0 #1");
    EXPECT_EQ(console.complaint, "");
}

} // namespace
} // namespace exitaudit::test
