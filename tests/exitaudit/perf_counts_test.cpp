// perf's report against the ledger: what it cannot know, each way to differ, no report.
#include "exitaudit/witness/witness.hpp"

#include <gtest/gtest.h>

using exitaudit::Outcome;
using exitaudit::PerfCounts;

namespace {

using Ledger = std::map<std::uint64_t, std::uint64_t>;

// 999 CPUID and 41 I/O exits, as perf 6.1 prints them.
PerfCounts report() {
    PerfCounts counts;
    for (const auto* line :
         {"", "Analyze events for all VMs, all VCPUs:", "",
          "             VM-EXIT    Samples  Samples%     Time%    Min Time    Max Time         Avg time ", "",
          "               cpuid        999    96.06%    78.25%     18.86us  15239.66us    146.74us ( +-   "
          "2.69% )",
          "                  io         41     3.94%    21.75%     15.06us   8565.04us     29.98us ( +-   "
          "5.15% )",
          "", "Total Samples:1040, Total events handled time:2820230.31us."})
        counts.line(line);
    return counts;
}

} // namespace

TEST(PerfCounts, AgreeButForTheLastExit) {
    const auto result = report().compare(Ledger{{0x72, 999}, {0x7b, 42}}, 0, 1, true);
    EXPECT_EQ(result.outcome, Outcome::ok);
    EXPECT_EQ(result.message, "1040 exits agree in 2 kinds; perf never counts the last exit of 1 vCPU");
}

TEST(PerfCounts, AgreeButForTheLastExitOfEachVcpu) {
    const Ledger ledger{{0x72, 999}, {0x7b, 42}, {0x78, 1}}; // the second vCPU ends in HLT
    EXPECT_EQ(report().compare(ledger, 0, 2, true).outcome, Outcome::ok);
    EXPECT_EQ(report().compare(ledger, 0, 1, true).outcome, Outcome::not_ok);
    EXPECT_EQ(report().compare(ledger, 0, 3, true).outcome, Outcome::not_ok);
}

// QEMU was seen to let the vCPU go on after its OUT until its triple fault.
TEST(PerfCounts, AgreeButForATripleFaultThatCameLast) {
    EXPECT_EQ(report().compare(Ledger{{0x72, 999}, {0x7b, 41}, {0x7f, 1}}, 0, 1, true).outcome, Outcome::ok);
    EXPECT_EQ(report().compare(Ledger{{0x72, 999}, {0x7b, 42}, {0x7f, 1}}, 0, 1, true).outcome,
              Outcome::not_ok);
}

// QEMU 10 stops the vCPU a little later than its OUT, by an interrupt or while it looks for the ACPI tables.
TEST(PerfCounts, AgreeButForWhatCameLastInsteadOfTheOut) {
    for (const std::uint64_t last : {0x60U, 0x400U}) {
        EXPECT_EQ(report().compare(Ledger{{0x72, 999}, {0x7b, 41}, {last, 1}}, 0, 1, true).outcome,
                  Outcome::ok);
        EXPECT_EQ(report().compare(Ledger{{0x72, 999}, {0x7b, 42}, {last, 1}}, 0, 1, true).outcome,
                  Outcome::not_ok);
    }
}

TEST(PerfCounts, AllowNoOtherExitToBeMissing) {
    // As many in all, but the exit that ended the guest is not among the missing.
    const auto result = report().compare(Ledger{{0x72, 1000}, {0x7b, 41}}, 0, 1, true);
    EXPECT_EQ(result.outcome, Outcome::not_ok);
    ASSERT_EQ(result.table.size(), 2u);
    EXPECT_NE(result.table[1].find("cpuid"), std::string::npos);
    // Two wrongs that cancel out.
    EXPECT_EQ(report().compare(Ledger{{0x72, 998}, {0x7b, 43}}, 0, 1, true).outcome, Outcome::not_ok);
    EXPECT_EQ(report().compare(Ledger{{0x7b, 42}}, 999, 1, true).outcome, Outcome::not_ok);
}

TEST(PerfCounts, GoByTheNamesThatPerfPrints) {
    PerfCounts counts;
    counts.line("      IO_INSTRUCTION          1  33.33%  33.33%");
    counts.line("             UNKNOWN          2  66.67%  66.67%"); // no name in the kernel's headers
    EXPECT_EQ(counts.compare(Ledger{{30, 2}}, 2, 1, false).outcome, Outcome::ok);
    EXPECT_EQ(counts.compare(Ledger{{30, 2}}, 3, 1, false).outcome, Outcome::not_ok);
}

TEST(PerfCounts, AreSkippedWhereTheyCannotBeExact) {
    auto lossy = report();
    lossy.line("Processed 2082 events and lost 3 chunks!");
    EXPECT_EQ(lossy.compare(Ledger{{0x72, 999}, {0x7b, 42}}, 0, 1, true).outcome, Outcome::skip);
    EXPECT_EQ(lossy.compare(Ledger{}, 0, 1, true).message, "perf lost 3 chunks!");

    PerfCounts silent;
    silent.line("failed to open /tmp/perf.data: No such file or directory");
    EXPECT_EQ(silent.compare(Ledger{}, 0, 1, true).outcome, Outcome::skip);
    EXPECT_NE(silent.compare(Ledger{}, 0, 1, true).message.find("No such file"), std::string::npos);
    EXPECT_EQ(report().compare(Ledger{}, 0, 0, true).outcome, Outcome::skip);
}
