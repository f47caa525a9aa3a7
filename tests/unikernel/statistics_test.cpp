// The spread of samples.
#include "audit/statistics.hpp"

#include <gtest/gtest.h>

TEST(Samples, OfNothingAreZero)
{
    audit::Samples<8> samples;
    samples.start(0);
    EXPECT_EQ(samples.spread().max, 0u);
    EXPECT_EQ(samples.spread().min, 0u);
}

TEST(Samples, HaveNearestRankQuantiles)
{
    audit::Samples<100> samples;
    samples.start(100);
    for (std::uint64_t i = 100; i >= 1; i--)
        samples.add(i);
    const auto spread = samples.spread();
    EXPECT_EQ(spread.min, 1u);
    EXPECT_EQ(spread.median, 50u);
    EXPECT_EQ(spread.mean, 50u); // 50.5 rounded down
    EXPECT_EQ(spread.p99, 99u);
    EXPECT_EQ(spread.max, 100u);
}

TEST(Samples, OfOneAreThatOne)
{
    audit::Samples<4> samples;
    samples.start(1);
    samples.add(42);
    const auto spread = samples.spread();
    EXPECT_EQ(spread.median, 42u);
    EXPECT_EQ(spread.p99, 42u);
}

TEST(Samples, BeyondCapacityKeepExtremesAndMean)
{
    audit::Samples<10> samples;
    samples.start(1000);
    for (std::uint64_t i = 0; i < 1000; i++)
        samples.add(i == 501 ? 1'000'000 : i == 502 ? 1 : 100);
    const auto spread = samples.spread();
    EXPECT_EQ(spread.min, 1u);
    EXPECT_EQ(spread.max, 1'000'000u);
    EXPECT_EQ(spread.mean, (998u * 100 + 1'000'001) / 1000);
    EXPECT_EQ(spread.median, 100u);
}

TEST(Samples, ForgetWhatCameBeforeStart)
{
    audit::Samples<4> samples;
    samples.start(1);
    samples.add(9);
    samples.start(1);
    samples.add(5);
    EXPECT_EQ(samples.spread().max, 5u);
}
