// What the profile finds out about hosts of each kind, whatever else is wrong with them.
#include "fake_host.hpp"

#include "audit/budget.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <utility>

using ledger::Leaf;
using ledger::Numbering;
using ledger::Scope;

namespace {

class ProfileTest : public testing::TestWithParam<Numbering> {
protected:
    FakeHost host{GetParam()};

    bool vmx() const { return GetParam() == Numbering::vmx; }
    ledger::ExitNumber cpuid() const { return ledger::cpuid_exit(GetParam()); }

    /// Makes these leaves answer as where there is no ledger.
    void lack(std::initializer_list<Leaf> leaves) {
        host.has_own_leaves = false;
        host.spoil = [leaves = std::vector(leaves), intel = vmx()](auto leaf, auto exit, auto& r) {
            if (std::ranges::find(leaves, static_cast<Leaf>(leaf)) != leaves.end())
                r = intel ? FakeHost::Registers{7, 0x340, 0x340, exit} : FakeHost::Registers{};
        };
    }
};

}

TEST_P(ProfileTest, FindsNothingMissingOnACompleteHost) {
    const auto profile = host.profile();
    EXPECT_EQ(profile.missing, 0u);
    EXPECT_EQ(profile.self_count, 1u);
    EXPECT_EQ(profile.total_count, 1u);
    EXPECT_EQ(profile.scope, Scope::vm);
    EXPECT_EQ(profile.undefined, ledger::Answer::mark);
    EXPECT_EQ(profile.not_enabled, ledger::Answer::all_zeros);
    EXPECT_TRUE(profile.grows && profile.moving.empty() && !profile.words_swapped);
    EXPECT_FALSE(profile.cost.is_expensive());
}

TEST_P(ProfileTest, FindsTheLeavesOfTheFirstHalf) {
    lack({Leaf::exit_count, Leaf::exit_cycles});
    const auto profile = host.profile();
    EXPECT_TRUE(profile.patched);
    EXPECT_EQ(profile.layout.name, "F22");
    EXPECT_EQ(profile.missing, 2u);
    EXPECT_TRUE(profile.layout.has(Leaf::total) && profile.layout.has(Leaf::cycles));
    EXPECT_FALSE(profile.layout.has(Leaf::exit_count) || profile.layout.has(Leaf::exit_cycles));
    EXPECT_EQ(profile.scope, Scope::unknown);
}

TEST_P(ProfileTest, FindsOneLeafAlone) {
    lack({Leaf::total, Leaf::cycles, Leaf::exit_cycles});
    auto profile = host.profile();
    EXPECT_EQ(profile.missing, 3u);
    EXPECT_TRUE(profile.layout.has(Leaf::exit_count));
    lack({Leaf::total, Leaf::cycles, Leaf::exit_count});
    profile = host.profile();
    EXPECT_TRUE(profile.patched);
    EXPECT_TRUE(profile.layout.has(Leaf::exit_cycles));
    EXPECT_FALSE(profile.layout.has(Leaf::exit_count));
}

// Then the leaf is there, and goes wrong.
TEST_P(ProfileTest, TakesOneLeafThatDoesNotAnswerForNoMissingOne) {
    lack({Leaf::exit_cycles});
    EXPECT_EQ(host.profile().missing, 0u);
}

TEST_P(ProfileTest, FindsLeavesMissingWhereRegistersAreLeft) {
    lack({Leaf::exit_count, Leaf::exit_cycles});
    host.spoil = [lacking = host.spoil](auto leaf, auto exit, auto& r) {
        lacking(leaf, exit, r);
        if (static_cast<Leaf>(leaf) == Leaf::total) r = {r.eax, machine::poison, exit, machine::poison};
    };
    const auto profile = host.profile();
    EXPECT_EQ(profile.missing, 2u);
    EXPECT_FALSE(profile.registers.is_clean());
}

// By the other vendor's numbering the leaves by exit answer nothing then, as if they were missing.
TEST_P(ProfileTest, FindsTheNumberingWhereNothingIsMarkedAndCountsAreReset) {
    host.spoil = [last = std::map<ledger::ExitNumber, std::uint32_t>()](auto leaf, auto exit,
                                                                        auto& r) mutable {
        if (r == ledger::undefined_mark) r = {};
        if (static_cast<Leaf>(leaf) == Leaf::exit_count) r.eax -= std::exchange(last[exit], r.eax);
    };
    const auto profile = host.profile();
    EXPECT_EQ(profile.numbering, host.numbering());
    EXPECT_EQ(profile.missing, 0u);
}

// The assignment's list of undefined numbers is Intel's, and has CPUID's exit code of AMD's in it.
TEST_P(ProfileTest, TakesTheProcessorsNumberingWhereNoRowOfCpuidGrows) {
    host.has_own_leaves = false;
    host.spoil = [row = cpuid()](auto leaf, auto exit, auto& r) {
        const auto asked = static_cast<Leaf>(leaf);
        if ((asked == Leaf::exit_count || asked == Leaf::exit_cycles) && exit == row)
            r = ledger::undefined_mark;
        else if ((asked == Leaf::exit_count || asked == Leaf::exit_cycles) && exit < 70)
            r = {};
    };
    EXPECT_EQ(host.profile().numbering, host.numbering());
}

// A vCPU of the other vendor's model.
TEST_P(ProfileTest, TakesTheOtherNumberingWhereItsRowOfCpuidGrows) {
    host.has_own_leaves = false;
    const auto profile =
        ledger::profile(host.cpuid(), vmx() ? "AuthenticAMD" : "GenuineIntel", FakeHost::clock);
    EXPECT_EQ(profile.numbering, host.numbering());
}

TEST_P(ProfileTest, FindsHowQueriesCount) {
    host.counts_queries = false;
    EXPECT_EQ(host.profile().self_count, 0u);
    host.counts_queries = true;
    host.meanwhile = [this] { host.cause(cpuid(), 1); };
    const auto twice = host.profile();
    EXPECT_EQ(twice.self_count, 2u);
    EXPECT_EQ(twice.total_factor(), 1u);
}

TEST_P(ProfileTest, FindsATotalThatCountsTwice) {
    host.spoil = [](auto leaf, auto, auto& r) {
        if (static_cast<Leaf>(leaf) == Leaf::total) r.eax *= 2;
    };
    const auto profile = host.profile();
    EXPECT_EQ(profile.self_count, 1u);
    EXPECT_EQ(profile.total_factor(), 2u);
}

TEST_P(ProfileTest, FindsSwappedWords) {
    host.spoil = [](auto leaf, auto, auto& r) {
        if (static_cast<Leaf>(leaf) == Leaf::cycles || static_cast<Leaf>(leaf) == Leaf::exit_cycles)
            std::swap(r.ebx, r.ecx);
    };
    const auto profile = host.profile();
    EXPECT_TRUE(profile.words_swapped);
    auto leaves = profile.leaves(host.cpuid());
    host.cause(cpuid(), 1, 0x5'0000'0007);
    EXPECT_GE(leaves.cycles(cpuid()), 0x5'0000'0007u);
    EXPECT_LT(leaves.cycles(cpuid()), 0x5'1000'0000u);
}

TEST_P(ProfileTest, FindsARowThatIsOtherMemory) {
    const ledger::ExitNumber row = vmx() ? 69 : 0x46;
    host.spoil = [row, value = 0u](auto leaf, auto exit, auto& r) mutable {
        if (static_cast<Leaf>(leaf) == Leaf::exit_count && exit == row) r.eax = value += 3'000'000;
    };
    const auto profile = host.profile();
    EXPECT_TRUE(std::ranges::equal(profile.moving.all(), std::array{row}));
    EXPECT_FALSE(profile.rows()[row]);
}

TEST_P(ProfileTest, FindsOneTableForTheWholeHost) {
    host.cause(vmx() ? 18 : 0x81, 100);
    EXPECT_EQ(host.profile().scope, Scope::host);
}

TEST_P(ProfileTest, PlansTheQueriesOfASlowHost) {
    host.query_cycles = 100'000;
    const auto profile = host.profile();
    EXPECT_TRUE(profile.cost.is_expensive());
    constexpr std::uint64_t triggers = 180, second = 1'000'000'000;
    const auto within = [&](std::uint64_t seconds) {
        return audit::Budget::within(profile.cost.query, seconds * second, triggers, profile);
    };
    EXPECT_TRUE(within(60).thorough && within(60).all_rows);
    EXPECT_TRUE(!within(8).thorough && within(8).all_rows);
    EXPECT_TRUE(!within(1).thorough && !within(1).all_rows);
}

INSTANTIATE_TEST_SUITE_P(Vendors, ProfileTest, testing::Values(Numbering::vmx, Numbering::svm),
                         [](const auto& parameter) {
                             return parameter.param == Numbering::vmx ? "Vmx" : "Svm";
                         });
