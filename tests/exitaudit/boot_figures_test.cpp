// What a boot's tables and sentences are reckoned of.
#include "exitaudit/boot/report.hpp"

#include <gtest/gtest.h>

namespace exitaudit::test {
namespace {

std::vector<BootSample> samples_at(std::initializer_list<double> seconds) {
    std::vector<BootSample> samples;
    for (const double second : seconds) {
        samples.emplace_back();
        samples.back().seconds = second;
    }
    return samples;
}

std::vector<double> borders_of(const std::vector<BootSample>& samples) {
    std::vector<double> borders;
    for (const auto& stretch : stretches(samples)) {
        EXPECT_EQ(stretch.begin->seconds, borders.empty() ? 0 : borders.back());
        borders.push_back(stretch.end->seconds);
    }
    return borders;
}

// Of 24 s a stretch has 1 s or more.
TEST(BootFigures, SamplesThatFollowEachOtherAtOnceShareAStretch) {
    EXPECT_EQ(borders_of(samples_at({0, 8, 8.012, 8.9, 9.5, 24})), (std::vector<double>{8, 9.5, 24}));
    EXPECT_EQ(borders_of(samples_at({0, 10, 23.5, 24})), (std::vector<double>{10, 24}));
}

TEST(BootFigures, WithoutTimeThereIsNoStretch) {
    EXPECT_TRUE(stretches(samples_at({0})).empty());
    EXPECT_TRUE(stretches(samples_at({0, 0})).empty());
}

TEST(BootFigures, NeverMoreStretchesThanLines) {
    std::vector<BootSample> samples(1001);
    for (std::size_t i = 0; i < samples.size(); ++i) samples[i].seconds = static_cast<double>(i) / 100;
    EXPECT_LE(stretches(samples).size(), 24U);
    EXPECT_GE(stretches(samples).size(), 20U);
}

TEST(BootFigures, TheSummaryAnswersTheQuestions) {
    BootLog log;
    for (const auto* line :
         {"@sample 1000000000 120 90 900 total 90 900",
          "@sample 4000000000 120 200 2000 123 1 10 total 201 2010", "@line 4000000001 #phase idle 5 s",
          "@sample 6000000000 120 240 2400 123 1 10 total 241 2410", "@line 6000000001 #phase reset",
          "@line 6000000002 #failed ping", "@sample 6100000000 120 299 2990 total 300 3000",
          "@end 6200000000 0 2"})
        log.line(line);
    EXPECT_EQ(boot_summary(log, true),
              (std::vector<std::string>{
                  "Until user space: 201 exits in 4.00 s.",
                  "Rate, in phases of 0.2 s and longer: from 20 exits/s (idle) to 50 exits/s (boot).",
                  "Most frequent: hlt (299). Least frequent: io (1 each).",
                  "Sampling: 4 samples caused at most 6 exits, 2.00% of all (2 while the ledger was read, "
                  "one for each timer); "
                  "marks of phases wrote 31 characters on the console, which count as any other output.",
                  "The guest could not: ping",
              }));
}

TEST(BootFigures, WithoutALedgerOnlyFailuresAreTold) {
    BootLog log;
    log.line("@line 1 #failed ping");
    EXPECT_EQ(boot_summary(log, true), std::vector<std::string>{"The guest could not: ping"});
}

} // namespace
} // namespace exitaudit::test
