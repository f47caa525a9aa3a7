// Exceptions that firings raise, expected and not.
#include "audit/exceptions.hpp"

#include <gtest/gtest.h>

using audit::Outcome;
using audit::Result;
using machine::Exception;
using triggers::Bound;
using triggers::Expectation;

namespace {

constexpr Expectation plain{0x7c, Bound::exact, 1, "test"};
constexpr Expectation faulting{0x7c, Bound::exact, 1, "test", {}, false, Exception::general_protection};

// Ten firings that raised #GP so often.
Result judged(const Expectation& expectation, std::uint32_t raised, std::int64_t told) {
    Result result;
    result.name = "msr.unknown";
    result.message.write("10 exits, ledger +10");
    auto& m = result.measurement.emplace();
    m.bound = expectation.bound;
    m.firings = 10;
    m.counted = told;
    m.raised[13] = raised;
    audit::judge_exceptions(expectation, result);
    return result;
}

}

TEST(Exceptions, AreSaidWhereTheyAreDue) {
    const auto result = judged(faulting, 10, 10);
    EXPECT_EQ(result.outcome, Outcome::ok);
    EXPECT_EQ(result.message.view(), "10 exits, ledger +10, #GP each");
}

TEST(Exceptions, MustComeWithEachFiring) {
    EXPECT_EQ(judged(faulting, 9, 10).outcome, Outcome::not_ok);
    EXPECT_EQ(judged(faulting, 0, 10).outcome, Outcome::not_ok);
}

TEST(Exceptions, MustNotComeWithExitsThatRaiseNone) {
    EXPECT_EQ(judged(plain, 10, 10).outcome, Outcome::not_ok);
    EXPECT_EQ(judged(plain, 0, 10).outcome, Outcome::ok);
}

TEST(Exceptions, InPlaceOfAnExitMeanThatTheInstructionIsNotThere) {
    const auto result = judged(plain, 10, 0);
    EXPECT_EQ(result.outcome, Outcome::skip);
    EXPECT_EQ(result.message.view(), "this vCPU answers msr.unknown by #GP, without an exit");
}
