// The plausibility of what the ledger tells of time.
#include "audit/time.hpp"

#include <gtest/gtest.h>

using audit::Measurement;
using audit::Result;
using audit::Verdict;

namespace {

constexpr std::uint64_t window = 1'000'000;

// 1000 exits of 500 cycles each, as a host tells them right.
constexpr Measurement::Host right{1000, 500'000, ledger::Leaves::Extremes{400, 900}, 300'000};

Verdict judged(const Measurement::Host& host)
{
    Result result;
    result.measurement.emplace();
    result.measurement->host = host;
    audit::judge_time(window, result);
    EXPECT_EQ(result.verdict == Verdict::ok, result.diagnosis.empty());
    return result.verdict;
}

}

TEST(Time, PassesWhatCanBe)
{
    EXPECT_EQ(judged(right), Verdict::ok);
    EXPECT_EQ(judged({1000, window, {}, {}}), Verdict::ok);
}

TEST(Time, CatchesExitsThatTookNone)
{
    EXPECT_EQ(judged({1000, 0, {}, {}}), Verdict::not_ok);
}

TEST(Time, CatchesSwappedWords)
{
    EXPECT_EQ(judged({1000, std::uint64_t{500'000} << 32, {}, {}}), Verdict::not_ok);
}

TEST(Time, CatchesMoreThanPassed)
{
    EXPECT_EQ(judged({1000, window + 1, {}, {}}), Verdict::not_ok);
}

TEST(Time, CatchesAMeanOutsideTheExtremes)
{
    auto host = right;
    host.extremes = {501, 900};
    EXPECT_EQ(judged(host), Verdict::not_ok);
    host.extremes = {400, 499};
    EXPECT_EQ(judged(host), Verdict::not_ok);
}

TEST(Time, CatchesMoreInsideThanInAll)
{
    auto host = right;
    host.inside = 500'001;
    EXPECT_EQ(judged(host), Verdict::not_ok);
}

TEST(Time, HasNothingToSayWithoutFigures)
{
    Result result;
    result.measurement.emplace();
    audit::judge_time(window, result);
    EXPECT_EQ(result.verdict, Verdict::ok);
}
