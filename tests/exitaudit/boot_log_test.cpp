// The sampler's lines, made into phases.
#include "exitaudit/boot/log.hpp"

#include <gtest/gtest.h>

namespace {

using exitaudit::BootLog;

BootLog log_of(std::initializer_list<const char*> lines) {
    BootLog log;
    for (const auto* line : lines) log.line(line);
    return log;
}

TEST(BootLog, GuestWithoutMarksHasOnePhase) {
    const auto log = log_of({"@sample 1000000000 10 5 50 total 5 50",
                             "@sample 3000000000 10 9 90 12 1 7 total 10 97", "@end 3100000000 0 2"});
    ASSERT_TRUE(log.sampled());
    EXPECT_TRUE(log.ended());
    EXPECT_EQ(log.reading(), 2U);
    const auto phases = log.phases();
    ASSERT_EQ(phases.size(), 1U);
    EXPECT_EQ(phases[0].name, "boot");
    EXPECT_EQ(phases[0].exits(), 10U);
    EXPECT_DOUBLE_EQ(phases[0].seconds(), 3.0);
}

TEST(BootLog, RowsNotNamedAreAsBefore) {
    const auto log = log_of({"@sample 1 10 5 50 total 5 50", "@sample 2 12 1 7 total 6 57"});
    const auto& rows = log.samples().back().rows;
    EXPECT_EQ(rows.at(10).count, 5U);
    EXPECT_EQ(rows.at(12).cycles, 7U);
}

// The sampler samples before it writes a mark down: exits belong to the phase in which they fell.
TEST(BootLog, PhaseBeginsAtTheSampleBeforeItsMark) {
    const auto log = log_of({"@sample 1000000000 10 5 50 total 5 50", "@line 1000000100 #phase disk 4 blocks",
                             "@sample 2000000000 10 8 80 total 8 80"});
    const auto phases = log.phases();
    ASSERT_EQ(phases.size(), 2U);
    EXPECT_EQ(phases[0].exits(), 5U);
    EXPECT_EQ(phases[1].name, "disk");
    EXPECT_EQ(phases[1].note, "4 blocks");
    EXPECT_EQ(phases[1].exits(), 3U);
    EXPECT_EQ(phases[1].rows().at(10).cycles, 30U);
}

// The mark was 4 s after the start, the kernel's clock then at 2.5 s: it began at 1.5 s.
TEST(BootLog, KernelsClockTellsFirmwareFromKernel) {
    const auto log = log_of({"@sample 1000000000 10 1 1 total 1 1", "@sample 2000000000 10 3 3 total 3 3",
                             "@sample 4000000000 10 7 7 total 7 7", "@line 4000000100 #phase initramfs",
                             "@line 4100000000 #kernel-clock 2.5", "@sample 5000000000 10 8 8 total 8 8"});
    const auto phases = log.phases();
    ASSERT_EQ(phases.size(), 3U);
    EXPECT_EQ(phases[0].name, "firmware");
    EXPECT_EQ(phases[0].exits(), 1U);
    EXPECT_EQ(phases[1].name, "kernel");
    EXPECT_EQ(phases[1].exits(), 6U);
    EXPECT_EQ(phases[2].exits(), 1U);
}

TEST(BootLog, PhasesAddUpToTheLastSample) {
    const auto log =
        log_of({"@sample 1 10 5 50 total 5 50", "@line 1 #phase a", "@sample 2 10 6 60 total 6 60",
                "@line 2 #phase b", "@sample 3 10 9 90 total 9 90"});
    std::uint64_t sum = 0;
    for (const auto& phase : log.phases()) sum += phase.exits();
    EXPECT_EQ(sum, 9U);
}

TEST(BootLog, ConsoleLinesAreHandedBackAndFailuresKept) {
    BootLog log;
    EXPECT_EQ(log.line("@line 5 hello world"), "hello world");
    EXPECT_EQ(log.line("@line 5 "), "");
    EXPECT_EQ(log.line("@sample 5 total 1 1"), "");
    log.line("@line 6 #failed ping");
    ASSERT_EQ(log.failures().size(), 1U);
    EXPECT_EQ(log.failures()[0], "ping");
}

TEST(BootLog, CutOffLogHasNotEnded) {
    EXPECT_FALSE(log_of({"@sample 1 10 5 50 total 5 50"}).ended());
    EXPECT_FALSE(log_of({"@end"}).ended());
}

} // namespace
