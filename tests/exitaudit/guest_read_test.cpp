// What the guest read, held against the host's two looks.
#include "exitaudit/boot/report.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>

namespace exitaudit::test {
namespace {

// 0x72 (cpuid) grew from 10 to 14 exits between the looks, 0x78 (hlt) stood at 5.
BootLog between_looks(const std::string& read) {
    BootLog log;
    for (const auto& line : {std::string("@sample 1 114 10 100 120 5 50 total 15 150"),
                             std::string("@line 2 #look"), std::string("@sample 3 114 14 140 total 19 190"),
                             std::string("@line 4 #look"), "@line 5 #read " + read})
        log.line(line);
    return log;
}

std::string ledger(int cpuid, int hlt, int hlt_cycles, int total) {
    return fmt::format(
        R"({{"exits": [{{"exit": 114, "exit_name": "cpuid", "count": {}, "own": 2, "cycles": 120}},)"
        R"({{"exit": 120, "exit_name": "hlt", "count": {}, "cycles": {}}}],)"
        R"("total": {{"count": {}, "own": 3, "cycles": 170}}}})",
        cpuid, hlt, hlt_cycles, total);
}

HostResult judged(const std::string& ledger) {
    return judge_guest_read(between_looks("0 exitaudit read --json " + ledger));
}

TEST(GuestRead, CommandAndCodeStandBeforeTheDocument) {
    const auto log = between_looks("0 exitaudit read --json 10 12 " + ledger(12, 5, 50, 17));
    ASSERT_EQ(log.readings().size(), 1U);
    EXPECT_EQ(log.readings()[0].command, "exitaudit read --json 10 12");
    EXPECT_EQ(log.readings()[0].exit_code, 0);
    EXPECT_EQ(log.readings()[0].ledger["total"]["own"], 3);
    ASSERT_EQ(log.looks().size(), 2U);
    EXPECT_EQ(log.looks()[1].total.count, 19U);
}

// Six figures: count and cycles of two exits and of the total. hlt's are exact.
TEST(GuestRead, WhatStoodIsExactWhatGrewLiesBetween) {
    const auto result = judged(ledger(12, 5, 50, 17));
    EXPECT_EQ(result.outcome, Outcome::ok) << result.message;
    EXPECT_NE(result.message.find("of 6 figures that the guest read, 2 are exactly the host's, and 4"),
              std::string::npos)
        << result.message;
    EXPECT_NE(result.message.find("3 of 4 exits meanwhile were the reading's own"), std::string::npos)
        << result.message;
}

TEST(GuestRead, ACountThatTheHostHadBeforeOrNotYetIsWrong) {
    for (const int cpuid : {9, 15}) {
        const auto result = judged(ledger(cpuid, 5, 50, 17));
        EXPECT_EQ(result.outcome, Outcome::not_ok);
        ASSERT_EQ(result.table.size(), 1U);
        EXPECT_EQ(result.table[0],
                  fmt::format("0x72 cpuid: the guest read {}, the host 10 before and 14 after", cpuid));
    }
}

TEST(GuestRead, CyclesAndTotalAreHeldAgainstTheHostAsWell) {
    EXPECT_EQ(judged(ledger(12, 5, 51, 17)).outcome, Outcome::not_ok);
    EXPECT_EQ(judged(ledger(12, 5, 50, 20)).outcome, Outcome::not_ok);
}

TEST(GuestRead, ARowThatTheHostHasNotMustBeZero) {
    const auto of = [](int count) {
        return judged(
            fmt::format(R"({{"exits": [{{"exit": 10, "exit_name": "-", "count": {0}, "cycles": {0}}}],)"
                        R"("total": {{"count": 17, "own": 3, "cycles": 170}}}})",
                        count));
    };
    EXPECT_EQ(of(0).outcome, Outcome::ok);
    EXPECT_EQ(of(1).outcome, Outcome::not_ok);
}

TEST(GuestRead, AReaderThatSeesNoLedgerOfAPatchedHostIsWrong) {
    const auto result =
        judge_guest_read(between_looks(R"(4 exitaudit read --json {"reason": "the leaves answer zeros"})"));
    EXPECT_EQ(result.outcome, Outcome::not_ok);
    EXPECT_NE(result.message.find("ended with 4 instead of 0: the leaves answer zeros"), std::string::npos)
        << result.message;
}

TEST(GuestRead, OnAnUnpatchedHostTheReaderSaysSo) {
    const auto of = [](const char* read) {
        BootLog log;
        log.line(read);
        return judge_guest_read(log);
    };
    const auto result = of(R"(@line 5 #read 4 exitaudit read --json {"reason": "the leaves answer zeros"})");
    EXPECT_EQ(result.outcome, Outcome::ok);
    EXPECT_NE(result.message.find("with exit code 4: the leaves answer zeros"), std::string::npos)
        << result.message;
    EXPECT_EQ(of("@line 5 #read 139 exitaudit read --json").outcome, Outcome::not_ok);
}

} // namespace
} // namespace exitaudit::test
