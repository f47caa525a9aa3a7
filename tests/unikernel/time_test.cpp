// The plausibility of what the ledger tells of time.
#include "fake_host.hpp"

#include "audit/rules/time.hpp"

#include <gtest/gtest.h>

using audit::Measurement;
using audit::Outcome;
using audit::Result;

namespace {

constexpr std::uint64_t window = 1'000'000;

// 1000 exits of 500 cycles each, as a host tells them right.
constexpr Measurement::Host right{1000, 500'000, ledger::Leaves::Extremes{400, 900}, 300'000};

Outcome judged(const Measurement::Host& host) {
    Result result;
    result.measurement.emplace();
    result.measurement->host = host;
    audit::judge_time(window, result);
    EXPECT_EQ(result.outcome == Outcome::ok, result.diagnosis.empty());
    return result.outcome;
}

}

TEST(Time, PassesWhatCanBe) {
    EXPECT_EQ(judged(right), Outcome::ok);
    EXPECT_EQ(judged({1000, window, {}, {}}), Outcome::ok);
}

TEST(Time, CatchesExitsThatTookNone) { EXPECT_EQ(judged({1000, 0, {}, {}}), Outcome::not_ok); }

TEST(Time, TellsThatSomeExitsTookNone) {
    Result result;
    result.measurement.emplace();
    result.measurement->host = {1000, 400'000, ledger::Leaves::Extremes{500, 600}, {}};
    audit::judge_time(window, result);
    EXPECT_EQ(result.outcome, Outcome::not_ok);
    EXPECT_TRUE(result.shows(audit::Symptom::partly_untimed));
}

TEST(Time, CatchesSwappedWords) {
    EXPECT_EQ(judged({1000, std::uint64_t{500'000} << 32, {}, {}}), Outcome::not_ok);
}

TEST(Time, CatchesMoreThanPassed) { EXPECT_EQ(judged({1000, window + 1, {}, {}}), Outcome::not_ok); }

TEST(Time, CatchesAMeanOutsideTheExtremes) {
    auto host = right;
    host.extremes = {501, 900};
    EXPECT_EQ(judged(host), Outcome::not_ok);
    host.extremes = {400, 499};
    EXPECT_EQ(judged(host), Outcome::not_ok);
}

TEST(Time, CatchesMoreInsideThanInAll) {
    auto host = right;
    host.inside = 500'001;
    EXPECT_EQ(judged(host), Outcome::not_ok);
}

TEST(Time, HasNothingToSayWithoutFigures) {
    Result result;
    result.measurement.emplace();
    audit::judge_time(window, result);
    EXPECT_EQ(result.outcome, Outcome::ok);
}

namespace {

using audit::Definitions;
using audit::Halt;
using audit::Stretch;
using audit::Symptom;

// Stretches of ten firings: a CPUID takes the guest 2000 cycles, a port of user space's
// 20000, a HLT ten million.
Stretch stretch(std::uint64_t guest, std::uint64_t host) {
    return {10, guest * 10, {5'000'000'000, 5'000'000'000 + host * 10}};
}

Definitions seen(std::uint64_t cpuid, std::uint64_t mmio, std::uint64_t pio, std::uint64_t hlt) {
    return {stretch(2000, cpuid), stretch(6000, mmio), stretch(20'000, pio), stretch(10'000'000, hlt)};
}

Result defined(const Definitions& definitions) {
    Result result;
    audit::judge_definition(definitions, result);
    return result;
}

bool named(const Definitions& definitions, std::string_view name) {
    const auto result = defined(definitions);
    return result.outcome == Outcome::ok && result.message.view().starts_with(name);
}

}

TEST(Definition, IsNotNamedByDisturbedFigures) {
    // An interrupted CPUID takes the guest longer than user space does.
    auto interrupted = seen(1500, 5500, 19'000, 9'990'000);
    interrupted.cpuid = stretch(30'000, 29'000);
    EXPECT_FALSE(audit::name_definition(interrupted));
    EXPECT_EQ(defined(interrupted).outcome, Outcome::skip);
    // User space's time told with more than it took.
    auto more = seen(1500, 5500, 19'000, 9'990'000);
    more.cpuid = stretch(17'000, 1500);
    EXPECT_FALSE(audit::name_definition(more));
}

TEST(Definition, IsNotHiddenByASlowQuery) {
    auto handler = seen(1900, 2000, 1900, 7000);
    EXPECT_EQ(defined(handler).outcome, Outcome::not_ok);
    handler.slow_query = true;
    EXPECT_TRUE(named(handler, "the exit handler alone"));
    auto nothing = seen(3, 3, 3, 3);
    nothing.slow_query = true;
    EXPECT_TRUE(defined(nothing).shows(Symptom::stops_early));
}

TEST(Definition, IsNamed) {
    EXPECT_TRUE(named(seen(1500, 5500, 19'000, 9'990'000), "from exit to entry ("));
    EXPECT_TRUE(named(seen(1500, 5500, 3000, 9'990'000), "from exit to entry, but without user space"));
    EXPECT_TRUE(named(seen(1500, 5500, 19'000, 20'000), "from exit to entry, but without waiting"));
    EXPECT_TRUE(named(seen(300, 3000, 900, 20'000), "the exit handler alone"));
    // A handler of user space's accesses may be quicker than CPUID's.
    EXPECT_TRUE(named(seen(1500, 3000, 900, 20'000), "the exit handler alone"));
}

TEST(Definition, IsNamedWhereHltDoesNotExit) {
    auto definitions = seen(1500, 5500, 19'000, 1);
    definitions.hlt.reset();
    EXPECT_TRUE(named(definitions, "from exit to entry ("));
}

TEST(Definition, OfAClockThatStopsEarlyFails) {
    // The same for every kind of exit, and next to nothing.
    for (const auto& definitions : {seen(500, 510, 520, 5000), seen(100, 120, 300, 5000)}) {
        const auto result = defined(definitions);
        EXPECT_EQ(result.outcome, Outcome::not_ok);
        EXPECT_NE(result.diagnosis.view().find("does not run while the exit is handled"),
                  std::string_view::npos);
    }
}

TEST(Definition, OfNothingOrOfMoreThanPassedFails) {
    EXPECT_NE(defined(seen(0, 5500, 19'000, 9'990'000)).diagnosis.view().find("not timed"),
              std::string_view::npos);
    EXPECT_NE(defined(seen(1500, 5500, 20'001, 9'990'000)).diagnosis.view().find("counted twice"),
              std::string_view::npos);
    EXPECT_EQ(defined(seen(1500, 5500, 19'000, 10'000'001)).outcome, Outcome::not_ok);
}

TEST(Words, LostAreRecognisedWhereTheRestWraps) {
    Stretch wrong{10, 20'000, {0xffff'f000, 0x1000}};
    Result result;
    EXPECT_FALSE(audit::judge_stretch(wrong, result));
    EXPECT_TRUE(result.shows(Symptom::high_word_lost)) << result.message.view();
}

TEST(Words, AreNotBlamedForOtherNonsense) {
    Stretch wrong{10, 20'000, {5'000'000'000, 4'000'000'000}};
    Result result;
    EXPECT_FALSE(audit::judge_stretch(wrong, result));
    EXPECT_FALSE(result.shows(Symptom::high_word_lost));
}

namespace {

Result halted(std::uint64_t total, std::uint64_t row, std::optional<std::uint64_t> inside) {
    Halt halt{{1, 10'000'000, {0, total}}, {0, row}, {}};
    if (inside) halt.inside = {0, *inside};
    Result result;
    audit::judge_halt(halt, result);
    return result;
}

}

TEST(AHalt, TakesAsLongAsItWaits) {
    EXPECT_EQ(halted(9'900'000, 9'800'000, 50'000).outcome, Outcome::ok);
    EXPECT_EQ(halted(9'900'000, 9'800'000, {}).outcome, Outcome::ok);
}

TEST(AHalt, IsSkippedWhereNoTimeIncludesTheWait) {
    EXPECT_EQ(halted(60'000, 50'000, 50'000).outcome, Outcome::skip);
}

TEST(AHalt, FailsWhereTheWaitIsInsideKvmOrInAnotherRow) {
    EXPECT_NE(halted(9'900'000, 9'800'000, 9'700'000).diagnosis.view().find("while the vCPU waits"),
              std::string_view::npos);
    EXPECT_NE(halted(9'900'000, 50'000, 50'000).diagnosis.view().find("another exit's row"),
              std::string_view::npos);
    EXPECT_EQ(halted(9'900'000, 10'000'001, {}).outcome, Outcome::not_ok);
}

TEST(Extremes, EncloseEachExit) {
    const auto judged_single = [](std::uint64_t shortest, std::uint64_t longest) {
        Result result;
        audit::judge_single(0x7b, {500, 10'000, {shortest, longest}}, result);
        return result.outcome;
    };
    EXPECT_EQ(judged_single(500, 500), Outcome::ok);
    EXPECT_EQ(judged_single(501, 600), Outcome::not_ok);
    EXPECT_EQ(judged_single(400, 499), Outcome::not_ok);
    EXPECT_EQ(judged_single(400, 10'001), Outcome::not_ok);
}

TEST(SingleExits, TellWhyTheyLieOutside) {
    const auto judged_single = [](std::uint64_t cycles) {
        Result result;
        audit::judge_single(0x7b, {cycles, 10'000, {400, 600}}, result);
        return result;
    };
    EXPECT_TRUE(judged_single(0).shows(Symptom::untimed));
    EXPECT_TRUE(judged_single(500 - (std::uint64_t{1} << 32)).shows(Symptom::high_word_lost));
    EXPECT_EQ(judged_single(300).symptoms, 0u);
}

TEST(Histograms, HoldAllExitsThatHaveEnded) {
    constexpr ledger::ExitNumber io = 30;
    for (const unsigned vcpus : {1u, 2u}) {
        FakeHost host(ledger::Numbering::vmx);
        host.keeps_histograms = true;
        host.cause(io, 1000, 700);
        host.cause(io, 1, 70'000);
        const auto judged = [&](ledger::ExitNumber exit) {
            const auto profile = host.profile();
            auto leaves = profile.leaves(host.cpuid());
            Result result;
            const ledger::MonotonicityCheck monotonicity;
            const bool right = audit::judge_buckets(
                {leaves, profile, monotonicity, {1}, 1, {}, {vcpus, nullptr}}, exit, result);
            EXPECT_EQ(right, result.outcome == Outcome::ok);
            return result.outcome;
        };
        EXPECT_EQ(judged(io), Outcome::ok);
        EXPECT_EQ(judged(ledger::cpuid_exit(host.numbering())), Outcome::ok);
        host.begin(io);
        EXPECT_EQ(judged(io), vcpus == 1 ? Outcome::not_ok : Outcome::ok) << "another vCPU's exit is open";
        host.begin(io);
        EXPECT_EQ(judged(io), Outcome::not_ok) << "an exit is in no bucket";
        host.spoil = [](auto leaf, auto ecx, auto& answer) {
            if (leaf == KVM_EXIT_LEDGER_LEAF_HISTOGRAM && ecx >> 16 == 9) answer.eax += 3;
        };
        EXPECT_EQ(judged(io), Outcome::not_ok) << "one is in two buckets";
    }
}

TEST(QueryCost, IsThatOfCpuidOrFails) {
    FakeHost host(ledger::Numbering::vmx);
    const auto judged = [&](std::uint64_t cycles) {
        host.query_cycles = cycles;
        const auto profile = host.profile();
        auto leaves = profile.leaves(host.cpuid());
        Result result;
        audit::judge_query_cost({leaves, profile, {}, {0}, 0}, result);
        return result;
    };
    EXPECT_EQ(judged(1900).outcome, Outcome::ok);
    EXPECT_EQ(judged(9000).outcome, Outcome::not_ok);
    EXPECT_TRUE(judged(9000).shows(Symptom::slow_query));
}
