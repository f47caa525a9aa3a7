// The rule audits: each passes on an honest host and fails on one that breaks its rule.
#include "fake_host.hpp"

#include "audit/rules.hpp"
#include "ledger/probe.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>

using audit::Result;
using audit::Verdict;
using ledger::Leaf;
using ledger::Numbering;

namespace {

class Rules : public testing::TestWithParam<Numbering> {
protected:
    FakeHost host{GetParam()};

    // Some history, so that there is something to add up.
    void SetUp() override
    {
        host.cause(interrupt(), 17);
        host.cause(GetParam() == Numbering::vmx ? 30 : 0x7b, 1000);
    }

    ledger::ExitNumber interrupt() const { return GetParam() == Numbering::vmx ? 1 : 0x60; }

    Result run(std::string_view name)
    {
        auto leaves = host.leaves();
        const auto probe = host.probe();
        const auto rules = audit::rule_audits();
        const auto rule = std::ranges::find(rules, name, &audit::RuleAudit::name);
        EXPECT_NE(rule, rules.end()) << name;
        Result result;
        rule->run(leaves, probe, result);
        return result;
    }

    void expect_failure(std::string_view name, std::string_view diagnosis)
    {
        const auto result = run(name);
        EXPECT_EQ(result.verdict, Verdict::not_ok) << result.message.view();
        EXPECT_NE(result.diagnosis.view().find(diagnosis), std::string_view::npos) << result.diagnosis.view();
    }

    bool is_undefined(std::uint32_t leaf, ledger::ExitNumber exit) const
    {
        return leaf >= KVM_EXIT_LEDGER_LEAF_EXIT_COUNT && !ledger::is_defined(GetParam(), exit);
    }
};

constexpr auto exit_count = static_cast<std::uint32_t>(Leaf::exit_count);

}

TEST_P(Rules, HoldOnAnHonestHost)
{
    for (const auto& rule : audit::rule_audits()) {
        const auto result = run(rule.name);
        EXPECT_EQ(result.verdict, Verdict::ok) << rule.name << ": " << result.message.view();
        EXPECT_FALSE(result.message.empty()) << rule.name;
    }
}

TEST_P(Rules, HoldOnAHostWithTheAssignmentsLeavesAlone)
{
    host.has_own_leaves = false;
    for (const auto& rule : audit::rule_audits())
        EXPECT_EQ(run(rule.name).verdict, rule.name == "ledger.own-leaves" ? Verdict::skip : Verdict::ok) << rule.name;
}

TEST_P(Rules, CatchUndefinedNumbersAnsweredAsNotEnabled)
{
    host.spoil = [this](auto leaf, auto exit, auto& r) { if (is_undefined(leaf, exit)) r.edx = 0; };
    expect_failure("ledger.undefined", "merely not enabled");
}

TEST_P(Rules, CatchAMarkWrongByADigit)
{
    host.spoil = [this](auto leaf, auto exit, auto& r) { if (is_undefined(leaf, exit)) r.edx = 0x0fffffff; };
    expect_failure("ledger.undefined", "is not kept");
}

TEST_P(Rules, CatchOneUndefinedNumberThatCounts)
{
    host.spoil = [](auto leaf, auto exit, auto& r) { if (leaf == exit_count && exit == 0xffff) r = {5, 0, 0, 0}; };
    expect_failure("ledger.undefined", "is not kept");
}

TEST_P(Rules, CatchNotEnabledAnsweredAsUndefined)
{
    const ledger::ExitNumber exit = GetParam() == Numbering::vmx ? 11 : 0x66;
    host.spoil = [exit](auto, auto asked, auto& r) { if (asked == exit) r = {0, 0, 0, 0xffffffff}; };
    expect_failure("ledger.not-enabled", "as if they were undefined");
}

TEST_P(Rules, CatchLeftoversInEachRegister)
{
    using Registers = ledger::CpuidRegisters;
    for (const auto member : {&Registers::ebx, &Registers::ecx, &Registers::edx}) {
        host.spoil = [member](auto leaf, auto, auto& r) {
            if (leaf == static_cast<std::uint32_t>(Leaf::total))
                r.*member = 0xdead;
        };
        expect_failure("ledger.registers-clean", "leaks");
    }
    host.spoil = [](auto leaf, auto, auto& r) {
        if (leaf == static_cast<std::uint32_t>(Leaf::exit_cycles))
            r.eax = 1;
    };
    expect_failure("ledger.registers-clean", "leaks");
}

TEST_P(Rules, CatchACountBesideTheInsideTimeThatDiffers)
{
    host.spoil = [](auto leaf, auto, auto& r) { if (leaf == static_cast<std::uint32_t>(Leaf::inside)) r.eax ^= 1; };
    expect_failure("ledger.own-leaves", "another counter");
}

TEST_P(Rules, CatchAShortestTimeAboveTheLongest)
{
    host.spoil = [](auto leaf, auto, auto& r) { if (leaf == static_cast<std::uint32_t>(Leaf::extremes) && r.eax) r.ebx = ~0u; };
    expect_failure("ledger.own-leaves", "shortest");
}

TEST_P(Rules, CatchARevisionLeafThatLeaks)
{
    host.spoil = [](auto leaf, auto, auto& r) { if (leaf == static_cast<std::uint32_t>(Leaf::revision)) r.edx = 1; };
    EXPECT_EQ(run("ledger.own-leaves").verdict, Verdict::not_ok);
}

TEST_P(Rules, ConserveThoughARowBecomesBusyMeanwhile)
{
    host.meanwhile = [this, n = 0]() mutable { if (++n == 400) host.cause(GetParam() == Numbering::vmx ? 0 : 0x61, 1); };
    EXPECT_EQ(run("ledger.conservation").verdict, Verdict::ok);
}

TEST_P(Rules, CatchAQueryThatDoesNotCountItself)
{
    host.spoil = [n = 0u](auto leaf, auto, auto& r) mutable { if (leaf == exit_count) r.eax = n++ / 2; };
    expect_failure("ledger.self-count", "does not count itself");
}

TEST_P(Rules, CatchAQueryThatCountsTwice)
{
    host.meanwhile = [this] { host.cause(ledger::cpuid_exit(GetParam()), 1); };
    expect_failure("ledger.self-count", "more than once");
}

TEST_P(Rules, CatchATotalThatCountsOtherwise)
{
    host.spoil = [n = 0u](auto leaf, auto, auto& r) mutable {
        if (leaf == static_cast<std::uint32_t>(Leaf::total))
            r.eax += n++;
    };
    expect_failure("ledger.self-count", "otherwise");
}

TEST_P(Rules, CatchAnExitInNoRow)
{
    host.spoil = [](auto leaf, auto, auto& r) { if (leaf == static_cast<std::uint32_t>(Leaf::total)) r.eax += 3; };
    expect_failure("ledger.conservation", "in no row");
}

TEST_P(Rules, CatchAnExitInTwoRows)
{
    host.spoil = [](auto leaf, auto exit, auto& r) { if (leaf == exit_count && exit == 2) r.eax = 7; };
    expect_failure("ledger.conservation", "in two rows");
}

TEST_P(Rules, CatchCyclesThatDoNotAddUp)
{
    host.spoil = [](auto leaf, auto, auto& r) { if (leaf == static_cast<std::uint32_t>(Leaf::cycles)) r.ecx += 600; };
    expect_failure("ledger.conservation", "time");
}

TEST_P(Rules, ConserveBesideTheHostsOwnExits)
{
    host.meanwhile = [this, n = 0]() mutable { if (++n % 50 == 0) host.cause(interrupt(), 1); };
    EXPECT_EQ(run("ledger.conservation").verdict, Verdict::ok);
}

INSTANTIATE_TEST_SUITE_P(Vendors, Rules, testing::Values(Numbering::vmx, Numbering::svm),
                         [](const auto& tested) { return tested.param == Numbering::vmx ? "Vmx" : "Svm"; });
