// The rule audits: each passes on an honest host and fails on one that breaks its rule.
#include "fake_host.hpp"

#include "audit/rules/bench.hpp"
#include "audit/rules/time.hpp"
#include "ledger/profile.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <ranges>
#include <string>

using audit::Outcome;
using audit::Result;
using ledger::Leaf;
using ledger::Numbering;

namespace {

class Rules : public testing::TestWithParam<Numbering> {
protected:
    FakeHost host{GetParam()};

    // Some history, so that there is something to add up.
    void SetUp() override {
        host.cause(interrupt(), 17);
        host.cause(GetParam() == Numbering::vmx ? 30 : 0x7b, 1000);
    }

    ledger::ExitNumber interrupt() const { return GetParam() == Numbering::vmx ? 1 : 0x60; }

    Result run(std::string_view name, const ledger::Overrides& overrides = {},
               const audit::TotalsOnly& totals_only = {}) {
        const auto profile = host.profile(overrides);
        auto leaves = profile.leaves(host.cpuid());
        ledger::MonotonicityCheck monotonicity;
        leaves.watch(monotonicity);
        const auto rules = plan::rule_audits();
        const auto rule = std::ranges::find(rules, name, &plan::RuleAudit::name);
        EXPECT_NE(rule, rules.end()) << name;
        Result result;
        rule->run({leaves, profile, monotonicity, {200}, 1, totals_only}, result);
        return result;
    }

    void expect_failure(std::string_view name, std::string_view diagnosis) {
        const auto result = run(name);
        EXPECT_EQ(result.outcome, Outcome::not_ok) << result.message.view();
        EXPECT_NE(result.diagnosis.view().find(diagnosis), std::string_view::npos) << result.diagnosis.view();
    }

    bool is_undefined(std::uint32_t leaf, ledger::ExitNumber exit) const {
        return leaf >= KVM_EXIT_LEDGER_LEAF_EXIT_COUNT && !ledger::is_defined(GetParam(), exit);
    }
};

constexpr auto exit_count = static_cast<std::uint32_t>(Leaf::exit_count);

}

TEST_P(Rules, HoldOnAnHonestHost) {
    for (const auto& rule : portable_rules()) {
        const auto result = run(rule.name);
        EXPECT_EQ(result.outcome, Outcome::ok) << rule.name << ": " << result.message.view();
        EXPECT_FALSE(result.message.empty()) << rule.name;
    }
}

TEST_P(Rules, HoldOnAHostWithTheAssignmentsLeavesAlone) {
    host.has_own_leaves = false;
    for (const auto& rule : portable_rules())
        EXPECT_EQ(run(rule.name).outcome, rule.name == "ledger.own-leaves" ? Outcome::skip : Outcome::ok)
            << rule.name;
}

TEST_P(Rules, HoldOnAHostWithHistograms) {
    host.keeps_histograms = true;
    EXPECT_TRUE(host.profile().histograms);
    for (const auto& rule : portable_rules())
        EXPECT_EQ(run(rule.name).outcome, Outcome::ok) << rule.name << ": " << run(rule.name).message.view();
}

TEST_P(Rules, CatchWhatAHistogramsLeafMustNotAnswer) {
    host.keeps_histograms = true;
    const auto spoiled = [&](auto test) {
        host.spoil = [test](auto leaf, auto ecx, auto& answer) {
            if (leaf == KVM_EXIT_LEDGER_LEAF_HISTOGRAM && test(ecx)) answer.eax = answer.ecx = 1;
        };
        return run("ledger.sweep").outcome;
    };
    EXPECT_EQ(spoiled([](auto ecx) { return ecx == 0xffff; }), Outcome::not_ok) << "undefined";
    EXPECT_EQ(spoiled([](auto ecx) { return ecx == 64 << 16; }), Outcome::not_ok) << "no such bucket";
    EXPECT_EQ(spoiled([](auto ecx) { return ecx == 1 << 16; }), Outcome::not_ok) << "leftovers";
}

TEST_P(Rules, CatchALeafOfHistogramsWhereNoneAreKept) {
    host.spoil = [](auto leaf, auto, auto& answer) {
        if (leaf == KVM_EXIT_LEDGER_LEAF_HISTOGRAM) answer.edx = KVM_EXIT_LEDGER_UNDEFINED_EDX;
    };
    EXPECT_EQ(run("ledger.sweep").outcome, Outcome::not_ok);
}

TEST_P(Rules, HoldOnAHostOfAnotherLayout) {
    for (const auto* term : {"F21", "s20", "S21", "F20"}) {
        host.use_layout(term);
        for (const auto& rule : portable_rules())
            EXPECT_EQ(run(rule.name).outcome, rule.name == "ledger.own-leaves" ? Outcome::skip : Outcome::ok)
                << term << " " << rule.name << ": " << run(rule.name).message.view();
    }
}

TEST_P(Rules, CatchALayoutGivenWrong) {
    const auto result = run("ledger.layout", {ledger::find_layout("F21"), {}});
    EXPECT_EQ(result.outcome, Outcome::not_ok);
    EXPECT_EQ(result.message.view(), "layout=F21/S20 was given, but the leaves answer as layout F22's do");
}

TEST_P(Rules, HoldOnAHostOfAnOlderEdition) {
    for (const auto edition : {ledger::Edition{64, true}, ledger::Edition{68, false},
                               ledger::Edition{70, true}, ledger::Edition{75, true}}) {
        host.edition = edition;
        for (const auto& rule : portable_rules())
            EXPECT_EQ(run(rule.name).outcome, Outcome::ok)
                << edition.last << " " << rule.name << ": " << run(rule.name).message.view();
    }
}

TEST(Editions, AreFoundWhereTheHostsTableEnds) {
    FakeHost host(Numbering::vmx);
    host.edition = {70, false};
    const auto profile = host.profile();
    EXPECT_EQ(profile.edition.last, 70u);
    EXPECT_FALSE(profile.edition.has_pconfig);
    EXPECT_FALSE(profile.edition.is_current());
}

TEST_P(Rules, CatchUndefinedNumbersAnsweredAsNotEnabled) {
    host.spoil = [this](auto leaf, auto exit, auto& r) {
        if (is_undefined(leaf, exit)) r.edx = 0;
    };
    expect_failure("ledger.undefined", "merely not enabled");
}

TEST_P(Rules, CatchAMarkWrongByADigit) {
    host.spoil = [this](auto leaf, auto exit, auto& r) {
        if (is_undefined(leaf, exit)) r.edx = 0x0fffffff;
    };
    expect_failure("ledger.undefined", "is not kept");
}

TEST_P(Rules, CatchOneUndefinedNumberThatCounts) {
    host.spoil = [](auto leaf, auto exit, auto& r) {
        if (leaf == exit_count && exit == 0xffff) r = {5, 0, 0, 0};
    };
    expect_failure("ledger.undefined", "is not kept");
}

TEST_P(Rules, CatchNotEnabledAnsweredAsUndefined) {
    const ledger::ExitNumber exit = GetParam() == Numbering::vmx ? 11 : 0x66;
    host.spoil = [exit](auto, auto asked, auto& r) {
        if (asked == exit) r = {0, 0, 0, 0xffffffff};
    };
    expect_failure("ledger.not-enabled", "as if they were undefined");
}

TEST_P(Rules, CatchAHoleInTheTable) {
    host.spoil = [](auto leaf, auto exit, auto& r) {
        if (leaf >= KVM_EXIT_LEDGER_LEAF_EXIT_COUNT && exit == 30) r = {0, 0, 0, 0xffffffff};
    };
    expect_failure("ledger.registers-clean", "has a hole");
    expect_failure("ledger.sweep", "has a hole");
}

TEST_P(Rules, CatchTheNumberBehindTheTable) {
    const ledger::ExitNumber behind = GetParam() == Numbering::vmx ? 86 : 0xa7;
    host.spoil = [behind](auto, auto exit, auto& r) {
        if (exit == behind) r = {};
    };
    expect_failure("ledger.undefined", "tested with >");
    host.spoil = [behind](auto leaf, auto exit, auto& r) {
        if (leaf == exit_count && exit == behind) r = {7, 0, 0, 0};
    };
    expect_failure("ledger.undefined", "tested with >");
}

TEST(Editions, CatchTheLastNumberOfAnOlderTableReadFromBehindIt) {
    FakeHost host(Numbering::vmx);
    host.edition = {70, true};
    host.spoil = [](auto leaf, auto exit, auto& r) {
        if (leaf == exit_count && exit == 70) r.eax = 0xdead;
    };
    const auto profile = host.profile();
    auto leaves = profile.leaves(host.cpuid());
    Result result;
    std::ranges::find(plan::rule_audits(), "ledger.not-enabled", &plan::RuleAudit::name)
        ->run({leaves, profile, {}, {0}, 0}, result);
    EXPECT_TRUE(result.shows(audit::Symptom::past_the_table)) << result.diagnosis.view();
}

TEST_P(Rules, CatchAnExitNumberCutToFewerBits) {
    host.spoil = [this](auto leaf, auto exit, auto& r) {
        if (leaf == exit_count && exit >= 0x10000)
            r = {exit % 0x10000 == (GetParam() == Numbering::vmx ? 30u : 0x7bu) ? 1000u : 0u, 0, 0, r.edx};
        if (leaf == exit_count && exit > 0x1000 && exit < 0x1100) r = {1, 0, 0, 0};
    };
    expect_failure("ledger.sweep", "cut to fewer bits");
}

TEST_P(Rules, CatchAnUnusedLeafThatAnswers) {
    host.spoil = [](auto leaf, auto exit, auto& r) {
        if (leaf == 0x4fffff42 && exit == 35) r.ecx = 1;
    };
    expect_failure("ledger.sweep", "any ECX");
}

TEST_P(Rules, RepeatASweepByItsSeed) {
    const auto first = run("ledger.sweep"), second = run("ledger.sweep");
    EXPECT_EQ(first.message.view(), second.message.view());
    EXPECT_NE(first.message.view().find("seed=1"), std::string_view::npos);
}

TEST_P(Rules, CatchAnOrdinaryLeafThatTheLedgerChanges) {
    host.spoil = [queries = 0u](auto leaf, auto, auto& r) mutable {
        if (leaf == 7) r.ebx += queries++;
    };
    expect_failure("ledger.other-leaves", "changes after queries of the ledger");
}

TEST_P(Rules, CatchALeafBesideTheLedgersThatAnswers) {
    for (const auto spoiled : {0x4ffffeffu, 0x50000000u, 0xffffffffu, 0x80000005u}) {
        host.spoil = [spoiled](auto leaf, auto, auto& r) {
            if (leaf == spoiled) r = {0, 0, 0, 0xffffffff};
        };
        expect_failure("ledger.other-leaves", "a leaf outside the ledger");
    }
}

TEST_P(Rules, CatchLostSubleaves) {
    host.spoil = [](auto leaf, auto, auto& r) {
        if (leaf == 0xb) r.ecx = 0;
    };
    expect_failure("ledger.other-leaves", "subleaves");
    host.spoil = [](auto leaf, auto subleaf, auto& r) {
        if (leaf == 1 && subleaf > 2) r = {0, 0, 0, 0xffffffff};
    };
    expect_failure("ledger.other-leaves", "more than its own leaves");
}

TEST_P(Rules, CatchARaisedLimitOfTheBasicLeaves) {
    host.spoil = [](auto leaf, auto, auto& r) {
        if (leaf == 0) r.eax = KVM_EXIT_LEDGER_LEAF_LAST;
    };
    expect_failure("ledger.other-leaves", "it must not change");
}

TEST_P(Rules, CatchAHypervisorWhoseLeavesAreLost) {
    host.spoil = [](auto leaf, auto, auto& r) {
        if (leaf == 1) r.ecx = 1u << 31;
    };
    EXPECT_EQ(run("ledger.other-leaves").outcome, audit::Outcome::ok);
    host.spoil = [](auto leaf, auto, auto& r) {
        if (leaf == 1) r.ecx = 1u << 31;
        if (leaf == 0x40000000) r = {};
    };
    expect_failure("ledger.other-leaves", "KVM's own leaves are lost");
}

TEST_P(Rules, CatchAQueryThatMovesAnotherRow) {
    host.meanwhile = [this] { host.cause(interrupt(), 1); };
    expect_failure("ledger.read-only", "not its own");
}

TEST_P(Rules, ReadOnlyBesideTheHostsOwnExits) {
    host.meanwhile = [this, n = 0]() mutable {
        if (++n % 100 == 0) host.cause(interrupt(), 1);
    };
    EXPECT_EQ(run("ledger.read-only").outcome, Outcome::ok);
}

TEST_P(Rules, CatchCyclesThatGoBack) {
    const auto cycles = static_cast<std::uint32_t>(Leaf::cycles);
    FakeHost::Registers answers[] = {{0, 0, 0xfffffff0, 0}, {0, 0, 0x10, 0}};
    auto leaves = host.leaves();
    const auto profile = host.profile();
    ledger::MonotonicityCheck monotonicity;
    leaves.watch(monotonicity);
    host.spoil = [&, n = 0](auto leaf, auto, auto& r) mutable {
        if (leaf == cycles) r = answers[n++ % 2];
    };
    leaves.cycles();
    Result result;
    audit::judge_monotonicity({leaves, profile, monotonicity, {0}, 0}, result);
    EXPECT_EQ(result.outcome, Outcome::not_ok);
    EXPECT_TRUE(result.shows(audit::Symptom::high_word_lost)) << result.message.view();
}

TEST_P(Rules, CatchLeftoversInEachRegister) {
    using Registers = ledger::CpuidRegisters;
    for (const auto member : {&Registers::ebx, &Registers::ecx, &Registers::edx}) {
        host.spoil = [member](auto leaf, auto, auto& r) {
            if (leaf == static_cast<std::uint32_t>(Leaf::total)) r.*member = 0xdead;
        };
        expect_failure("ledger.registers-clean", "leaks");
    }
    host.spoil = [](auto leaf, auto, auto& r) {
        if (leaf == static_cast<std::uint32_t>(Leaf::exit_cycles)) r.eax = 1;
    };
    expect_failure("ledger.registers-clean", "leaks");
}

TEST_P(Rules, CatchACountBesideTheInsideTimeThatDiffers) {
    host.spoil = [](auto leaf, auto, auto& r) {
        if (leaf == static_cast<std::uint32_t>(Leaf::inside)) r.eax ^= 1;
    };
    expect_failure("ledger.own-leaves", "another counter");
}

TEST_P(Rules, CatchAShortestTimeAboveTheLongest) {
    host.spoil = [](auto leaf, auto, auto& r) {
        if (leaf == static_cast<std::uint32_t>(Leaf::extremes) && r.eax) r.ebx = ~0u;
    };
    expect_failure("ledger.own-leaves", "shortest");
}

TEST_P(Rules, CatchARevisionLeafThatLeaks) {
    host.spoil = [](auto leaf, auto, auto& r) {
        if (leaf == static_cast<std::uint32_t>(Leaf::revision)) r.edx = 1;
    };
    EXPECT_EQ(run("ledger.own-leaves").outcome, Outcome::not_ok);
}

TEST_P(Rules, ConserveThoughARowBecomesBusyMeanwhile) {
    host.meanwhile = [this, n = 0]() mutable {
        if (++n == 400) host.cause(GetParam() == Numbering::vmx ? 0 : 0x61, 1);
    };
    EXPECT_EQ(run("ledger.conservation").outcome, Outcome::ok);
}

TEST_P(Rules, CatchAQueryThatDoesNotCountItself) {
    host.spoil = [](auto leaf, auto, auto& r) {
        if (leaf == exit_count && r.edx == 0) r.eax = 5;
    };
    expect_failure("ledger.self-count", "does not count itself");
}

TEST_P(Rules, CatchAQueryThatCountsTwice) {
    host.meanwhile = [this] { host.cause(ledger::cpuid_exit(GetParam()), 1); };
    expect_failure("ledger.self-count", "more than once");
}

TEST_P(Rules, CatchATotalThatCountsOtherwise) {
    host.spoil = [n = 0u](auto leaf, auto, auto& r) mutable {
        if (leaf == static_cast<std::uint32_t>(Leaf::total)) r.eax += n++;
    };
    expect_failure("ledger.self-count", "does not count a query as");
}

TEST_P(Rules, CatchAnExitInNoRow) {
    host.spoil = [](auto leaf, auto, auto& r) {
        if (leaf == static_cast<std::uint32_t>(Leaf::total)) r.eax += 3;
    };
    expect_failure("ledger.conservation", "in no row");
}

// As those of a nested guest that KVM only passes on: their row reads 0.
TEST_P(Rules, ConserveExitsThatOnlyTheTotalsHave) {
    host.spoil = [](auto leaf, auto, auto& r) {
        if (leaf == static_cast<std::uint32_t>(Leaf::total)) r.eax += 3;
        if (leaf == static_cast<std::uint32_t>(Leaf::cycles)) r.ecx += 6000;
    };
    const auto result = run("ledger.conservation", {}, {3, 6000});
    EXPECT_EQ(result.outcome, Outcome::ok) << result.message.view();
    EXPECT_NE(result.message.view().find("with 3 that KVM has no handler for"), std::string_view::npos);
    EXPECT_EQ(run("ledger.conservation", {}, {4, 6000}).outcome, Outcome::not_ok);
    EXPECT_EQ(run("ledger.conservation", {}, {2, 6000}).outcome, Outcome::not_ok);
    EXPECT_EQ(run("ledger.conservation", {}, {3, 1000}).outcome, Outcome::not_ok);
}

TEST_P(Rules, NoticeThatTheTotalsLackThem) {
    const auto result = run("ledger.conservation", {}, {3, 6000});
    EXPECT_EQ(result.outcome, Outcome::not_ok);
    EXPECT_TRUE(result.shows(audit::Symptom::passed_on_lost));
    EXPECT_FALSE(result.shows(audit::Symptom::rows_over_total));
}

TEST_P(Rules, CatchAnExitInTwoRows) {
    host.spoil = [](auto leaf, auto exit, auto& r) {
        if (leaf == exit_count && exit == 2) r.eax = 7;
    };
    expect_failure("ledger.conservation", "in two rows");
}

TEST_P(Rules, CatchCyclesThatDoNotAddUp) {
    host.spoil = [](auto leaf, auto, auto& r) {
        if (leaf == static_cast<std::uint32_t>(Leaf::cycles)) r.ecx += 600;
    };
    expect_failure("ledger.conservation", "time");
}

TEST_P(Rules, RecogniseATotalWithoutItsHighWord) {
    host.cause(interrupt(), 1, 0x2'0000'0000);
    host.spoil = [](auto leaf, auto, auto& r) {
        if (leaf == static_cast<std::uint32_t>(Leaf::cycles)) r.ebx = 0;
    };
    const auto result = run("ledger.conservation");
    EXPECT_TRUE(result.shows(audit::Symptom::high_word_lost)) << result.message.view();
}

TEST_P(Rules, ConserveBesideTheHostsOwnExits) {
    host.meanwhile = [this, n = 0]() mutable {
        if (++n % 50 == 0) host.cause(interrupt(), 1);
    };
    EXPECT_EQ(run("ledger.conservation").outcome, Outcome::ok);
}

INSTANTIATE_TEST_SUITE_P(Vendors, Rules, testing::Values(Numbering::vmx, Numbering::svm),
                         [](const auto& tested) { return tested.param == Numbering::vmx ? "Vmx" : "Svm"; });
