// Several readings of one trigger as one result.
#include "audit/repeats.hpp"

#include <gtest/gtest.h>

using audit::Result;
using audit::Verdict;

namespace {

Result reading(Verdict verdict, std::int64_t told)
{
    Result result;
    result.verdict = verdict;
    result.message.format("10 exits, ledger +{}", told);
    auto& m = result.measurement.emplace();
    m.firings = m.caused = 10;
    m.told = told;
    m.host = {static_cast<std::uint32_t>(told), 1000, {}, 400};
    return result;
}

}

TEST(Repeats, AddUp)
{
    auto all = reading(Verdict::ok, 10);
    audit::join_repeat(all, reading(Verdict::ok, 10));
    audit::join_repeat(all, reading(Verdict::ok, 10));
    EXPECT_EQ(all.verdict, Verdict::ok);
    EXPECT_EQ(all.message.view(), "3 times: 10 exits, ledger +10");
    EXPECT_EQ(all.measurement->caused, 30u);
    EXPECT_EQ(all.measurement->told, 30);
    EXPECT_EQ(all.measurement->host->mean(), 100u);
    EXPECT_EQ(*all.measurement->host->inside, 1200u);
}

TEST(Repeats, FailWithTheOneThatFailed)
{
    auto all = reading(Verdict::ok, 10);
    auto lost = reading(Verdict::not_ok, 9);
    lost.diagnose("lost");
    audit::join_repeat(all, lost);
    EXPECT_EQ(all.verdict, Verdict::not_ok);
    EXPECT_EQ(all.message.view(), "repeat 2: 10 exits, ledger +9");
    EXPECT_EQ(all.diagnosis.view(), "lost");
}
