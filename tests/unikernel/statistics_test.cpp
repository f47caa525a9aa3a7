// The spread of samples.
#include "audit/statistics.hpp"

#include <gtest/gtest.h>

TEST(Samples, OfNothingAreZero) {
    audit::SampleStore<8, 4> samples;
    samples.start(1, 0);
    EXPECT_EQ(samples.spread().max, 0u);
    EXPECT_EQ(samples.spread().min, 0u);
}

TEST(Samples, HaveNearestRankQuantiles) {
    audit::SampleStore<100, 4> samples;
    samples.start(1, 100);
    for (std::uint64_t i = 100; i >= 1; i--) samples.of(0).add(i);
    const auto spread = samples.spread();
    EXPECT_EQ(spread.min, 1u);
    EXPECT_EQ(spread.p25, 25u);
    EXPECT_EQ(spread.median, 50u);
    EXPECT_EQ(spread.p75, 75u);
    EXPECT_EQ(spread.mean, 50u); // 50.5 rounded down
    EXPECT_EQ(spread.p99, 99u);
    EXPECT_EQ(spread.max, 100u);
}

TEST(Samples, OfOneAreThatOne) {
    audit::SampleStore<4, 4> samples;
    samples.start(1, 1);
    samples.of(0).add(42);
    const auto spread = samples.spread();
    EXPECT_EQ(spread.median, 42u);
    EXPECT_EQ(spread.p99, 42u);
}

TEST(Samples, BeyondCapacityKeepExtremesAndMean) {
    audit::SampleStore<10, 4> samples;
    samples.start(1, 1000);
    for (std::uint64_t i = 0; i < 1000; i++) samples.of(0).add(i == 501 ? 1'000'000 : i == 502 ? 1 : 100);
    const auto spread = samples.spread();
    EXPECT_EQ(spread.min, 1u);
    EXPECT_EQ(spread.max, 1'000'000u);
    EXPECT_EQ(spread.mean, (998u * 100 + 1'000'001) / 1000);
    EXPECT_EQ(spread.median, 100u);
}

// Else the guest's store of them would be in its image.
TEST(Samples, AreAllZerosAtFirst) {
    const audit::Samples samples;
    EXPECT_EQ(samples.added() + samples.sum() + samples.min() + samples.max(), 0u);
}

TEST(Samples, OfAVcpuThatAddedNoneDoNotLowerTheMinimum) {
    audit::SampleStore<8, 4> samples;
    samples.start(2, 4);
    samples.of(1).add(7);
    EXPECT_EQ(samples.spread().min, 7u);
}

TEST(Samples, ForgetWhatCameBeforeStart) {
    audit::SampleStore<4, 4> samples;
    samples.start(1, 1);
    samples.of(0).add(9);
    samples.start(1, 1);
    samples.of(0).add(5);
    EXPECT_EQ(samples.spread().max, 5u);
}

TEST(Samples, OfSeveralVcpusAreOne) {
    audit::SampleStore<100, 4> samples;
    samples.start(4, 25);
    for (std::uint64_t i = 0; i < 100; i++) samples.of(static_cast<unsigned>(i % 4)).add(100 - i);
    const auto spread = samples.spread();
    EXPECT_EQ(spread.min, 1u);
    EXPECT_EQ(spread.median, 50u);
    EXPECT_EQ(spread.mean, 50u);
    EXPECT_EQ(spread.p99, 99u);
    EXPECT_EQ(spread.max, 100u);
    EXPECT_EQ(samples.sum(), 5050u);
}

TEST(Samples, OfSeveralVcpusShareTheRoom) {
    // Room for three each: every fourth of ten is kept.
    audit::SampleStore<9, 3> samples;
    samples.start(3, 10);
    for (unsigned vcpu = 0; vcpu < 3; vcpu++)
        for (std::uint64_t i = 0; i < 10; i++) samples.of(vcpu).add(i % 4 == 0 ? 10 * (vcpu + 1) : 1000);
    const auto spread = samples.spread();
    EXPECT_EQ(spread.median, 20u);
    EXPECT_EQ(spread.p99, 30u);
    EXPECT_EQ(spread.max, 1000u);
    EXPECT_EQ(spread.min, 10u);
}

TEST(Samples, CountAVcpuThatAddedNone) {
    audit::SampleStore<8, 2> samples;
    samples.start(2, 4);
    samples.of(1).add(7);
    EXPECT_EQ(samples.spread().min, 7u);
    EXPECT_EQ(samples.spread().median, 7u);
}

TEST(SquareRoot, IsRoundedDown) {
    using audit::square_root;
    static_assert(square_root(0) == 0 && square_root(1) == 1 && square_root(3) == 1 && square_root(4) == 2);
    EXPECT_EQ(square_root(99), 9u);
    EXPECT_EQ(square_root(100), 10u);
    EXPECT_EQ(square_root(~std::uint64_t{0}), 0xffffffffu);
}

TEST(StandardDeviation, IsThatOfTheSamples) {
    const std::uint64_t samples[] = {2, 4, 4, 4, 5, 5, 7, 9};
    EXPECT_EQ(audit::standard_deviation(samples, 5), 2u);
    EXPECT_EQ(audit::standard_deviation({}, 0), 0u);
}

TEST(StandardDeviation, HoldsForLargeDistances) {
    constexpr std::uint64_t far = std::uint64_t{1} << 40;
    const std::uint64_t samples[] = {far, 3 * far};
    const auto deviation = audit::standard_deviation(samples, 2 * far);
    EXPECT_GE(deviation, far - far / 1000);
    EXPECT_LE(deviation, far);
}
