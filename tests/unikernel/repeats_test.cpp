// Several readings of one trigger as one result.
#include "audit/result.hpp"

#include <gtest/gtest.h>

using audit::Outcome;
using audit::Result;

namespace {

Result reading(Outcome outcome, std::int64_t told) {
    Result result;
    result.outcome = outcome;
    result.message.format("10 exits, ledger +{}", told);
    auto& m = result.measurement.emplace();
    m.firings = m.caused = 10;
    m.counted = told;
    m.host = {static_cast<std::uint32_t>(told), 1000, {}, 400};
    return result;
}

}

TEST(Repeats, AddUp) {
    auto all = reading(Outcome::ok, 10);
    audit::join_repeat(all, reading(Outcome::ok, 10));
    audit::join_repeat(all, reading(Outcome::ok, 10));
    EXPECT_EQ(all.outcome, Outcome::ok);
    EXPECT_EQ(all.message.view(), "3 times: 10 exits, ledger +10");
    EXPECT_EQ(all.measurement->caused, 30u);
    EXPECT_EQ(all.measurement->counted, 30);
    EXPECT_EQ(all.measurement->host->mean(), 100u);
    EXPECT_EQ(*all.measurement->host->inside, 1200u);
}

TEST(Repeats, FailWithTheOneThatFailed) {
    auto all = reading(Outcome::ok, 10);
    auto lost = reading(Outcome::not_ok, 9);
    lost.diagnose("lost");
    audit::join_repeat(all, lost);
    EXPECT_EQ(all.outcome, Outcome::not_ok);
    EXPECT_EQ(all.message.view(), "repeat 2: 10 exits, ledger +9");
    EXPECT_EQ(all.diagnosis.view(), "lost");
}
