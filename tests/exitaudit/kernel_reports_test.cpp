// Reports of a kernel's sanitizers: which are there, and which are about the ledger.
#include "exitaudit/lanes/embedded_host.hpp"
#include "exitaudit/lanes/sanitizers.hpp"
#include "exitaudit/support/exit_code.hpp"

#include <gtest/gtest.h>

#include <algorithm>

namespace exitaudit::test {
namespace {

constexpr auto kasan =
    "[   12.000001] ==================================================================\n"
    "[   12.000002] BUG: KASAN: slab-out-of-bounds in svm_vcpu_run+0x4d5/0x1230 [kvm_amd]\n"
    "[   12.000003] Read of size 8 at addr ffff888003b12b00 by task qemu-system-x86/82\n"
    "[   12.000004]  <TASK>\n"
    "[   12.000005]  kvm_vcpu_ioctl+0x10/0x200 [kvm]\n"
    "[   12.000006] ==================================================================\n";

constexpr auto kcsan = "[    3.1] BUG: KCSAN: data-race in tick_nohz_stop_tick / tick_sched_do_timer\n"
                       "[    3.1] write to 0xffffffff82a1c4c0 of 4 bytes by task 0 on cpu 1:\n"
                       "[    3.1]  tick_do_update_jiffies64+0x2f/0x190\n"
                       "[    3.1] ==================================================================\n";

constexpr auto lockdep =
    "======================================================\n"
    "WARNING: possible circular locking dependency detected\n"
    "6.12.117 #1 Not tainted\n"
    "------------------------------------------------------\n"
    "cat/90 is trying to acquire lock:\n"
    "ffffffffc0 (kvm_exit_ledger_lock){+.+.}-{4:4}, at: kvm_exit_ledger_show+0x40/0x200 [kvm]\n"
    "embedded-host: guest: exited with 33\n";

KernelReports reports_of(std::initializer_list<std::string_view> texts) {
    KernelReports reports;
    for (auto text : texts)
        for (std::size_t end; (end = text.find('\n')) != text.npos; text.remove_prefix(end + 1))
            reports.line(text.substr(0, end));
    return reports;
}

std::vector<std::string> unknown(const std::string&, const std::string&) { return {}; }

TEST(KernelReports, OfOthersAreCountedByKind) {
    auto reports = reports_of({kcsan, kcsan, kasan});
    reports.locate(unknown);
    const auto result = reports.result();
    EXPECT_EQ(result.outcome, Outcome::ok);
    EXPECT_EQ(result.message, "no report about the ledger, and 3 others");
    ASSERT_EQ(result.table.size(), 2);
    EXPECT_EQ(std::ranges::count(result.table, "not about the ledger, 2 times: BUG: KCSAN: data-race in "
                                               "tick_nohz_stop_tick / tick_sched_do_timer"),
              1);
    EXPECT_EQ(reports.first_of_ledger(), nullptr);
}

TEST(KernelReports, TellTheLedgersLinesByTheirNames) {
    auto reports = reports_of({kcsan, lockdep});
    reports.locate(unknown);
    ASSERT_NE(reports.first_of_ledger(), nullptr);
    EXPECT_EQ(reports.first_of_ledger()->title, "WARNING: possible circular locking dependency detected");
    EXPECT_EQ(reports.first_of_ledger()->place, "kvm_exit_ledger_lock");
    EXPECT_EQ(reports.result().outcome, Outcome::not_ok);
    EXPECT_EQ(reports.result().message, "1 report about the ledger, and 1 other: WARNING: possible circular "
                                        "locking dependency detected");
}

TEST(KernelReports, TellTheLedgersLinesInlinedInOthers) {
    auto reports = reports_of({kasan});
    std::vector<std::string> asked;
    reports.locate([&](const std::string& module, const std::string& address) -> std::vector<std::string> {
        asked.push_back(module + " " + address);
        if (module != "kvm_amd") return {};
        return {"arch/x86/kvm/exit_ledger.h:110", "arch/x86/kvm/svm/svm.c:4300"};
    });
    EXPECT_EQ(asked.front(), "kvm_amd svm_vcpu_run+0x4d5/0x1230");
    ASSERT_NE(reports.first_of_ledger(), nullptr);
    EXPECT_EQ(reports.first_of_ledger()->place, "exit_ledger.h:110");
    EXPECT_EQ(reports.result().table.front(),
              "BUG: KASAN: slab-out-of-bounds in svm_vcpu_run+0x4d5/0x1230 [kvm_amd] "
              "(arch/x86/kvm/exit_ledger.h:110, in arch/x86/kvm/svm/svm.c:4300)");
}

TEST(KernelReports, AreNotAboutWhatIsLeftOnTheStack) {
    auto reports =
        reports_of({"BUG: KASAN: wild-access in f+0x1/0x2\n ? kvm_exit_ledger_open+0x10/0x20 [kvm]\n"});
    reports.locate(unknown);
    EXPECT_EQ(reports.first_of_ledger(), nullptr);
}

TEST(KernelReports, AreNotAboutWhatAnInterruptCameUpon) {
    constexpr auto interrupt = "BUG: KCSAN: data-race in hrtimer_active / hrtimer_reprogram\n"
                               "read to 0xffff88803b41ec98 of 8 bytes by interrupt on cpu 1:\n"
                               " hrtimer_active+0x5b/0xb0\n asm_sysvec_apic_timer_interrupt+0x16/0x20\n"
                               " kvm_exit_ledger_create+0x47/0x70 [kvm]\n";
    auto reports = reports_of({interrupt});
    reports.locate(unknown);
    EXPECT_EQ(reports.first_of_ledger(), nullptr);
    reports = reports_of({interrupt, "write to 0xffff88803b41ec98 of 8 bytes by task 9 on cpu 0:\n"
                                     " kvm_exit_ledger_cpuid+0x1/0x2 [kvm]\n"});
    reports.locate(unknown);
    EXPECT_NE(reports.first_of_ledger(), nullptr);
}

TEST(KernelReports, EndWithTheirDelimiter) {
    KernelReports reports;
    for (const auto* line : {"BUG: KASAN: wild-access in f", " f+0x1/0x2", "==================="})
        reports.line(line);
    EXPECT_FALSE(reports.is_reporting());
    reports.line("kvm_exit_ledger_create: a line of no report");
    reports.locate(unknown);
    EXPECT_EQ(reports.first_of_ledger(), nullptr);
}

TEST(KernelReports, AreNoFaultsAndNoStalls) {
    auto reports = reports_of({"BUG: unable to handle page fault for address: 0\n",
                               "watchdog: BUG: soft lockup - CPU#0 stuck for 22s!\n",
                               "rcu: INFO: rcu_sched detected stalls\n", "kvm: a WARNING: within a line\n"});
    reports.locate(unknown);
    EXPECT_EQ(reports.result().message, "no report about the ledger, and 0 others");
}

TEST(SanitizedHost, ComplainsOfTheLedgerOnly) {
    HostConsole console;
    console.sanitized = true;
    console.line("embedded-host: kernel: 6.12.117 #1");
    console.line("[    3.1] BUG: KCSAN: data-race in a / b");
    console.line("[    3.1] WARNING: CPU: 0 PID: 1 at kernel/x.c:1 f+0x1/0x2");
    EXPECT_TRUE(console.complaint.empty());
    console.line("[    3.2] Kernel panic - not syncing: Attempted to kill init!");
    EXPECT_EQ(console.complaint, "[    3.2] Kernel panic - not syncing: Attempted to kill init!");
}

TEST(SanitizedHost, WritesNoLogWhereItReports) {
    HostConsole console;
    console.sanitized = true;
    console.line("embedded-host: kernel: 6.12.117 #1");
    console.line("embedded-host: guest: starts on kvm-amd");
    for (const auto* line : {"BUG: KCSAN: data-race in a / b", " a+0x1/0x2", "=======", "another line"})
        console.line(line);
    EXPECT_EQ(console.console_lines, 2U); // the delimiter and the line after it
}

TEST(Sanitizers, AreAListWithoutOrder) {
    EXPECT_EQ(sanitizers_of("ubsan,kasan,ubsan"), (std::vector<std::string>{"kasan", "ubsan"}));
    EXPECT_EQ(sanitizer_words(sanitizers_of("kasan,lockdep")), " kasan_multi_shot");
    EXPECT_GT(sanitizer_factor({"kasan", "lockdep"}), sanitizer_factor({"lockdep"}));
    EXPECT_EQ(sanitizer_factor({}), 1U);
}

TEST(Sanitizers, AreRefusedByNameOrAsAPair) {
    for (const auto* list : {"kasan,kcsan", "asan", "", "kasan,,ubsan"}) {
        try {
            sanitizers_of(list);
            ADD_FAILURE() << list;
        } catch (const Error& error) {
            EXPECT_EQ(error.code, ExitCode::usage) << list;
        }
    }
}

} // namespace
} // namespace exitaudit::test
