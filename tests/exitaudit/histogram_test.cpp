// Histograms: debugfs's text, buckets and what is derived from them.
#include "exitaudit/documents/document.hpp"
#include "exitaudit/witness/histogram.hpp"
#include "exitaudit/witness/witness.hpp"

#include <gtest/gtest.h>

#include <sstream>

namespace exitaudit::test {
namespace {

Buckets buckets(std::initializer_list<std::pair<std::size_t, std::uint64_t>> filled) {
    Buckets all(KVM_EXIT_LEDGER_BUCKETS);
    for (const auto& [bucket, count] : filled) all[bucket] = count;
    return all;
}

ExitRow row_of(const std::string& text) {
    std::istringstream words(text);
    ExitRow row;
    EXPECT_TRUE(words >> row) << text;
    return row;
}

TEST(Histogram, OfALineIsWhatComesAfterItsFiveColumns) {
    const auto row = row_of("12 9000 8000 100 4000 6:3 11:9");
    EXPECT_EQ(row.count, 12U);
    EXPECT_EQ(row.longest, 4000U);
    EXPECT_EQ(row.buckets, buckets({{6, 3}, {11, 9}}));
}

TEST(Histogram, OfALineWithoutBucketsIsNone) {
    EXPECT_EQ(row_of("12 9000 8000 100 4000").longest, 4000U);
    EXPECT_TRUE(row_of("12 9000 8000 100 4000").buckets.empty());
    EXPECT_EQ(row_of("12").count, 12U); // a host whose ledger has only counts
}

TEST(Histogram, HasNoBucketBeyondTheLast) {
    EXPECT_EQ(row_of("1 1 1 1 1 63:1 64:1 99999999999999999999:1 x:1 5 7:").buckets, buckets({{63, 1}}));
}

TEST(Histogram, OfTheWitnessIsInTheRunsDocument) {
    Witness witness;
    for (const auto* line :
         {"vendor kvm-amd", "ledger total 12 9000 8000 100 4000", "ledger 114 12 9000 8000 100 4000 6:3 11:9",
          "ledger 120 1 1 1 1 1", "ledger nonsense 1 1 1 1 1"})
        witness.line(line);
    Circumstances circumstances;
    circumstances.exits = witness.exits();
    circumstances.svm = true;
    const auto exits = run_document({}, {}, circumstances)["exits"];
    ASSERT_EQ(exits.size(), 2U);
    EXPECT_EQ(exits[0]["buckets"].dump(), "[[6,3],[11,9]]");
    EXPECT_FALSE(exits[1].contains("buckets"));
}

TEST(Histogram, BucketsArePowersOfTwo) {
    EXPECT_EQ(bucket_of(0), 0U);
    EXPECT_EQ(bucket_of(1), 0U);
    EXPECT_EQ(bucket_of(2), 1U);
    EXPECT_EQ(bucket_last(0), 1U);
    EXPECT_EQ(bucket_last(10), 2047U);
    EXPECT_EQ(bucket_last(63), UINT64_MAX);
    EXPECT_EQ(bucket_of(UINT64_MAX), 63U);
}

TEST(Histogram, QuantilesAreTheLastCyclesOfTheirBucket) {
    const auto hundred = buckets({{4, 50}, {10, 49}, {20, 1}});
    EXPECT_EQ(quantile(hundred, 0.5), bucket_last(4));
    EXPECT_EQ(quantile(hundred, 0.51), bucket_last(10));
    EXPECT_EQ(quantile(hundred, 0.99), bucket_last(10));
    EXPECT_EQ(quantile(hundred, 1), bucket_last(20));
    EXPECT_EQ(quantile(buckets({{7, 1}}), 0.5), bucket_last(7));
    EXPECT_EQ(quantile(buckets({}), 0.5), std::nullopt);
    EXPECT_EQ(quantile({}, 0.5), std::nullopt);
}

TEST(Histogram, GrowthStartsAnewWhereCountsWentBack) {
    EXPECT_EQ(growth(buckets({{4, 1}}), buckets({{4, 3}, {5, 2}})), buckets({{4, 2}, {5, 2}}));
    EXPECT_EQ(growth({}, buckets({{4, 3}})), buckets({{4, 3}}));
    EXPECT_EQ(growth(buckets({{4, 5}}), buckets({{4, 3}})), buckets({{4, 3}}));
}

} // namespace
} // namespace exitaudit::test
