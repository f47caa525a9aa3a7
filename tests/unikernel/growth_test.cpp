// The exactness audit, on hosts that count rightly and wrongly.
#include "fake_host.hpp"

#include "audit/growth.hpp"

#include <gtest/gtest.h>

#include <vector>

using audit::Outcome;
using audit::Result;
using ledger::Numbering;
using triggers::Bound;
using triggers::Expectation;

namespace {

constexpr Expectation io{0x7b, Bound::exact, 1, "test"};
constexpr Expectation cpuid{0x72, Bound::exact, 1, "test"};
constexpr Expectation rdtsc{0x6e, Bound::none, 0, "test"};

// What the audit says when `meanwhile` happens between the two snapshots.
Result judged(const Expectation& expectation, std::uint64_t firings,
              const std::function<void(FakeHost&)>& meanwhile, Numbering numbering = Numbering::svm,
              std::uint64_t waited = 0, unsigned vcpus = 1, std::uint64_t query_time = 1) {
    FakeHost host(numbering);
    auto leaves = host.leaves();
    const ledger::Snapshot before(leaves, ledger::all_rows(leaves.numbering()));
    meanwhile(host);
    const ledger::Snapshot after(leaves, ledger::all_rows(leaves.numbering()));
    Result result;
    audit::Coverage coverage(numbering);
    coverage.query_time = query_time;
    audit::judge_growth(expectation, coverage, {firings, vcpus, waited}, before, after, result);
    return result;
}

bool diagnosed(const Result& result, std::string_view words) {
    return result.outcome == Outcome::not_ok && result.diagnosis.view().find(words) != std::string_view::npos;
}

}

TEST(Growth, PassesAnExactCount) {
    const auto result = judged(io, 1000, [](auto& host) { host.cause(0x7b, 1000); });
    EXPECT_EQ(result.outcome, Outcome::ok);
    EXPECT_EQ(result.message.view(), "1000 exits, ledger +1000");
    EXPECT_EQ(result.measurement->counted, 1000);
    EXPECT_TRUE(result.diagnosis.empty());
}

TEST(Growth, PassesCpuidBesideTheQueries) {
    EXPECT_EQ(judged(cpuid, 10, [](auto& host) { host.cause(0x72, 10); }).outcome, Outcome::ok);
}

TEST(Growth, AllowsMoreOfItWhereQueriesAreSlow) {
    const auto interrupted = [](auto& host) { host.cause(0x60, 5000); };
    EXPECT_EQ(judged(rdtsc, 10, interrupted).outcome, Outcome::not_ok);
    EXPECT_EQ(judged(rdtsc, 10, interrupted, Numbering::svm, 0, 1, 1000).outcome, Outcome::ok);
}

TEST(Growth, AllowsWhatTheHostCausesByItself) {
    const auto result = judged(io, 10, [](auto& host) {
        host.cause(0x7b, 10);
        host.cause(0x60, 3);
        host.cause(0x400, 1);
    });
    EXPECT_EQ(result.outcome, Outcome::ok);
}

TEST(Growth, AllowsTheHostsOwnExitsRoundASingleFiring) {
    const auto interrupted = [](auto& host) { host.cause(0x60, 3); };
    EXPECT_EQ(judged(rdtsc, 1, interrupted).outcome, Outcome::ok);
}

TEST(Growth, FailsWhereTheHostsOwnExitsComeWithTheFirings) {
    EXPECT_TRUE(diagnosed(judged(io, 1000,
                                 [](auto& host) {
                                     host.cause(0x7b, 1000);
                                     host.cause(0x60, 1000);
                                 }),
                          "a row changes"));
}

TEST(Growth, AllowsMoreOfTheHostsOwnExitsWhereVcpusWaited) {
    const auto interrupted = [](auto& host) {
        host.cause(0x7b, 10);
        host.cause(0x60, 500);
    };
    EXPECT_TRUE(diagnosed(judged(io, 10, interrupted), "a row changes"));
    EXPECT_EQ(judged(io, 10, interrupted, Numbering::svm, 2000).outcome, Outcome::ok);
    EXPECT_TRUE(diagnosed(judged(
                              io, 10,
                              [](auto& host) {
                                  host.cause(0x7b, 10);
                                  host.cause(0x78, 1);
                              },
                              Numbering::svm, 2000),
                          "a row changes"));
}

TEST(Window, IsWaitedThroughByWhoNeitherFiresNorReads) {
    // 100 queries of 10 cycles, then 3000 cycles of firing.
    EXPECT_EQ((audit::Window{1, 4000, 1000, 3000, 100}).waited(), 0u);
    EXPECT_EQ((audit::Window{2, 4000, 1000, 6000, 100}).waited(), 100u);
    EXPECT_EQ((audit::Window{4, 4000, 1000, 4 * 3000, 100}).waited(), 300u);
    EXPECT_EQ((audit::Window{4, 4000, 1000, 3000, 100}).waited(), 1200u); // the boot vCPU alone
    EXPECT_EQ((audit::Window{1, 4000, 1000, 3001, 100}).waited(), 0u);
}

TEST(Growth, DiagnosesExitsThatAreNotCounted) {
    const auto result = judged(io, 1000, [](auto&) {});
    EXPECT_TRUE(diagnosed(result, "none of these exits"));
    EXPECT_EQ(result.message.view(), "expected ledger +1000, seen +0");
}

TEST(Growth, DiagnosesDoubleCounting) {
    EXPECT_TRUE(diagnosed(judged(io, 1000, [](auto& host) { host.cause(0x7b, 2000); }), "twice as many"));
}

TEST(Growth, DiagnosesLostExits) {
    EXPECT_TRUE(
        diagnosed(judged(io, 1000, [](auto& host) { host.cause(0x7b, 999); }), "fewer of these exits"));
}

TEST(Growth, DiagnosesSurplusExits) {
    EXPECT_TRUE(
        diagnosed(judged(io, 1000, [](auto& host) { host.cause(0x7b, 1001); }), "more of these exits"));
}

TEST(Growth, FailsOnAWrongRow) {
    const auto result = judged(io, 10, [](auto& host) {
        host.cause(0x7b, 10);
        host.cause(0x78, 1);
    });
    EXPECT_TRUE(diagnosed(result, "a row changes"));
    EXPECT_EQ(result.message.view(), "exit 0x78 hlt +1, which nothing here causes");
}

TEST(Growth, FailsIfTheQueriesOwnExitsAreMissing) {
    const auto result = judged(cpuid, 5, [](auto& host) { host.counts_queries = false; });
    EXPECT_TRUE(diagnosed(result, "queries' own are missing"));
    EXPECT_EQ(judged(io, 5,
                     [](auto& host) {
                         host.counts_queries = false;
                         host.cause(0x7b, 5);
                     })
                  .outcome,
              Outcome::not_ok);
}

TEST(Growth, OfANegativeControlMustBeNothing) {
    EXPECT_EQ(judged(rdtsc, 1000, [](auto& host) { host.cause(0x60, 2); }).outcome, Outcome::ok);
    EXPECT_EQ(judged(rdtsc, 1000, [](auto& host) { host.cause(0x6e, 1); }).outcome, Outcome::not_ok);
    EXPECT_EQ(judged(rdtsc, 1000, [](auto& host) { host.cause(0x60, 1000); }).outcome, Outcome::not_ok);
}

TEST(Growth, AtLeastAllowsMore) {
    constexpr Expectation interrupts{0x60, Bound::at_least, 1, "test"};
    EXPECT_EQ(judged(interrupts, 10, [](auto& host) { host.cause(0x60, 12); }).message.view(),
              "at least 10 exits, ledger +12");
    EXPECT_EQ(judged(interrupts, 10, [](auto& host) { host.cause(0x60, 9); }).outcome, Outcome::not_ok);
}

TEST(Growth, AllowsTheRowsThatTheExpectationNames) {
    static constexpr triggers::Row also[] = {{0x64, Bound::at_most, 1}};
    constexpr Expectation hlt{0x78, Bound::exact, 1, "test", also};
    const auto halt_with_window = [](auto& host) {
        host.cause(0x78, 10);
        host.cause(0x64, 4);
    };
    EXPECT_EQ(judged(hlt, 10, halt_with_window).outcome, Outcome::ok);
    EXPECT_EQ(judged(io, 10,
                     [](auto& host) {
                         host.cause(0x7b, 10);
                         host.cause(0x64, 4);
                     })
                  .outcome,
              Outcome::not_ok);
}

TEST(Growth, JudgesEachRowThatTheExpectationNames) {
    static constexpr triggers::Row also[] = {{0x65, Bound::exact, 2}, {0x46, Bound::none, 0, 1}};
    constexpr Expectation both{0x10, Bound::exact, 1, "test", also};
    const auto judge = [&](std::uint32_t other, std::uint32_t once) {
        return judged(both, 10, [&](auto& host) {
            host.cause(0x10, 10);
            host.cause(0x65, other);
            host.cause(0x46, once);
        });
    };
    EXPECT_EQ(judge(20, 0).outcome, Outcome::ok);
    EXPECT_EQ(judge(20, 1).outcome, Outcome::ok);
    EXPECT_EQ(judge(20, 2).outcome, Outcome::not_ok);
    EXPECT_EQ(judge(21, 0).outcome, Outcome::not_ok);
    EXPECT_TRUE(diagnosed(judge(19, 0), "fewer of these exits"));
}

TEST(Growth, AllowsEachVcpuWhatHappensOnce) {
    static constexpr triggers::Row also[] = {{0x46, Bound::none, 0, 1}};
    constexpr Expectation hypercall{0x81, Bound::exact, 1, "test", also};
    const auto judge = [&](unsigned vcpus) {
        const auto meanwhile = [](auto& host) {
            host.cause(0x81, 10);
            host.cause(0x46, 2);
        };
        return judged(hypercall, 10, meanwhile, Numbering::svm, 0, vcpus).outcome;
    };
    EXPECT_EQ(judge(2), Outcome::ok);
    EXPECT_EQ(judge(1), Outcome::not_ok);
}

TEST(Growth, HoldsWhereCountersWrap) {
    FakeHost host(Numbering::svm);
    host.cause(0x7b, 0xfffffff0);
    auto leaves = host.leaves();
    const ledger::Snapshot before(leaves, ledger::all_rows(leaves.numbering()));
    host.cause(0x7b, 0x20);
    const ledger::Snapshot after(leaves, ledger::all_rows(leaves.numbering()));
    Result result;
    audit::judge_growth(io, audit::Coverage(Numbering::svm), {0x20}, before, after, result);
    EXPECT_EQ(result.outcome, Outcome::ok);
}
