// Probing for a ledger and reading it.
#include "fake_host.hpp"

#include "ledger/exit_names.hpp"
#include "ledger/profile.hpp"
#include "ledger/snapshot.hpp"

#include <gtest/gtest.h>

using ledger::Leaf;
using ledger::Numbering;

TEST(Profile, KnowsALedgerByItsSignature) {
    FakeHost host(Numbering::svm);
    const auto profile = host.profile();
    EXPECT_TRUE(profile.patched);
    EXPECT_EQ(profile.revision, 1u);
}

TEST(Profile, KnowsAnAssignmentsHostByItsGrowth) {
    FakeHost host(Numbering::vmx);
    host.has_own_leaves = false;
    const auto profile = host.profile();
    EXPECT_TRUE(profile.patched);
    EXPECT_EQ(profile.revision, 0u);
}

TEST(Profile, KnowsALedgerThatNeverCountsByItsMarks) {
    FakeHost host(Numbering::vmx);
    host.has_own_leaves = false;
    host.counts_queries = false;
    EXPECT_TRUE(host.profile().patched);
}

TEST(Profile, IsNotFooledByTheHighestBasicLeaf) {
    // Intel: a leaf beyond the highest basic one answers that one's data, by subleaf.
    FakeHost host(Numbering::vmx);
    host.spoil = [](auto, auto exit, auto& r) {
        r = exit == 0 ? FakeHost::Registers{7, 0x340, 0x340, 0} : FakeHost::Registers{0xf, 0x340, 0, exit};
    };
    EXPECT_FALSE(host.profile().patched);
}

TEST(Profile, IsNotFooledByAllOnes) {
    FakeHost host(Numbering::vmx);
    host.spoil = [](auto, auto, auto& r) { r = {0, 0, 0, 0xffffffff}; };
    EXPECT_FALSE(host.profile().patched);
}

TEST(Profile, IsNotFooledByZeros) {
    FakeHost host(Numbering::svm);
    host.spoil = [](auto, auto, auto& r) { r = {}; };
    const auto profile = host.profile();
    EXPECT_FALSE(profile.patched);
    EXPECT_NE(profile.reason.find("zeros"), std::string_view::npos);
}

TEST(Profile, TakesTheNumberingFromTheHostRatherThanTheVcpu) {
    for (const bool own_leaves : {true, false}) {
        FakeHost host(Numbering::svm);
        host.has_own_leaves = own_leaves;
        const auto profile = ledger::profile(host.cpuid(), "GenuineIntel", host.clock);
        EXPECT_TRUE(profile.patched);
        EXPECT_EQ(profile.numbering, Numbering::svm);
    }
}

TEST(Profile, TakesTheNumberingFromTheVendor) {
    EXPECT_EQ(ledger::numbering_of("AuthenticAMD"), Numbering::svm);
    EXPECT_EQ(ledger::numbering_of("HygonGenuine"), Numbering::svm);
    EXPECT_EQ(ledger::numbering_of("GenuineIntel"), Numbering::vmx);
}

TEST(Profile, FindsTheLayout) {
    for (const auto numbering : {Numbering::vmx, Numbering::svm})
        for (const auto* term : {"F22", "F21", "F20"}) {
            FakeHost host(numbering);
            host.use_layout(term);
            EXPECT_EQ(host.profile().layout, *ledger::find_layout(term)) << term;
        }
}

TEST(Profile, FindsTheLayoutDespiteOneFault) {
    using Registers = FakeHost::Registers;
    const std::function<void(std::uint32_t, ledger::ExitNumber, Registers&)> faults[] = {
        [](auto, auto, auto& r) { r.ecx = r.ebx = 0; }, // no times
        [](auto, auto, auto& r) {
            if (r.edx == 0xffffffff) r.edx = 0;
        },                                                                             // no marks
        [](auto, auto, auto& r) { r.edx = r.edx == 0xffffffff ? r.edx : 0xdeadbeef; }, // leftovers
    };
    for (const auto* term : {"F22", "F21", "F20"})
        for (const auto& fault : faults) {
            FakeHost host(Numbering::svm);
            host.use_layout(term);
            host.spoil = fault;
            EXPECT_EQ(host.profile().detected, *ledger::find_layout(term))
                << term << " fault " << &fault - faults;
        }
}

TEST(Profile, ObeysTheLayoutGivenAndStillSaysWhatItFound) {
    FakeHost host(Numbering::svm);
    const auto profile = host.profile({ledger::find_layout("F20"), {}});
    EXPECT_EQ(profile.layout.name, "S21/F20");
    EXPECT_EQ(profile.detected.name, "F22");
}

TEST(Profile, TakesTheEditionGivenWithItsHoleAsTheHostHasIt) {
    FakeHost host(Numbering::vmx);
    host.edition = {68, false};
    EXPECT_FALSE(host.profile({nullptr, 68}).edition.has_pconfig);
    EXPECT_TRUE(host.profile({nullptr, 85}).edition.has_pconfig);
    EXPECT_EQ(host.profile({nullptr, 85}).detected_edition.last, 68u);
}

TEST(Profile, MeasuresByTheCurrentEditionAHostThatMarksTooMuch) {
    FakeHost host(Numbering::vmx);
    host.edition = {55, true};
    EXPECT_TRUE(host.profile().edition.is_current());
}

TEST(Leaves, JoinHighAndLowWords) {
    FakeHost host(Numbering::svm);
    auto leaves = host.leaves();
    host.cause(0x7b, 3, 0x1'0000'0001);
    EXPECT_EQ(leaves.cycles(0x7b), 0x3'0000'0003u);
    EXPECT_EQ(leaves.count(0x7b), 3u);
    EXPECT_EQ(leaves.queries(), 2u);
}

TEST(Defined, FollowsTheManuals) {
    for (const auto hole : {35u, 38u, 42u, 71u, 82u, 83u, 86u, 0xffffffffu})
        EXPECT_FALSE(ledger::is_defined(Numbering::vmx, hole)) << hole;
    for (const auto exit : {0u, 34u, 36u, 41u, 43u, 70u, 72u, 81u, 84u, 85u})
        EXPECT_TRUE(ledger::is_defined(Numbering::vmx, exit)) << exit;
    for (const auto hole : {0xa7u, 0x3ffu, 0x404u, 0xffffffffu})
        EXPECT_FALSE(ledger::is_defined(Numbering::svm, hole)) << hole;
    for (const auto exit : {0u, 0x8fu, 0xa6u, 0x400u, 0x403u})
        EXPECT_TRUE(ledger::is_defined(Numbering::svm, exit)) << exit;
}

TEST(ExitNames, AreTheKernels) {
    EXPECT_EQ(ledger::exit_name(Numbering::vmx, 12), "HLT");
    EXPECT_EQ(ledger::exit_name(Numbering::svm, 0x78), "hlt");
    EXPECT_EQ(ledger::exit_name(Numbering::vmx, 35), "-");
}

TEST(Snapshot, LeavesTheQueriesOut) {
    FakeHost host(Numbering::svm);
    auto leaves = host.leaves();
    const ledger::Snapshot before(leaves, ledger::all_rows(leaves.numbering()));
    leaves.total();
    host.cause(0x72, 5);
    host.cause(0x7b, 2);
    const ledger::Snapshot after(leaves, ledger::all_rows(leaves.numbering()));
    EXPECT_EQ(after.growth_without_queries(before, 0x72), 5);
    EXPECT_EQ(after.growth_without_queries(before, 0x7b), 2);
    EXPECT_EQ(after.growth_without_queries(before, 0x78), 0);
}

// A host that writes only the registers with a value leaves the others as the guest had them.
TEST(RegisterUse, ReadsAnswersWithoutWhatTheHostLeaves) {
    FakeHost host(Numbering::vmx);
    host.has_own_leaves = false;
    host.cause(12, 7);
    host.spoil = [](auto leaf, auto exit, auto& r) {
        if (leaf == KVM_EXIT_LEDGER_LEAF_EXIT_COUNT)
            r = {r.edx || exit == 4 ? leaf : r.eax, machine::poison, exit, r.edx ? r.edx : machine::poison};
    };
    const auto profile = host.profile();
    EXPECT_TRUE(profile.patched);
    EXPECT_FALSE(profile.registers.is_clean());
    auto leaves = profile.leaves(host.cpuid());
    EXPECT_EQ(leaves.query(Leaf::exit_count, 12), (ledger::CpuidRegisters{7, 0, 0, 0}));
    EXPECT_EQ(leaves.query(Leaf::exit_count, 4), (ledger::CpuidRegisters{0, 0, 0, 0}));
    EXPECT_EQ(leaves.query(Leaf::exit_count, 35),
              (ledger::CpuidRegisters{0, 0, 0, KVM_EXIT_LEDGER_UNDEFINED_EDX}));
}

TEST(RegisterUse, TellsAMarkLeftBesideValuesFromAMark) {
    FakeHost host(Numbering::svm);
    host.cause(0x78, 7);
    host.spoil = [](auto leaf, auto, auto& r) {
        if (leaf >= KVM_EXIT_LEDGER_LEAF_EXIT_COUNT) r.edx = KVM_EXIT_LEDGER_UNDEFINED_EDX;
    };
    const auto profile = host.profile();
    EXPECT_FALSE(profile.registers.is_clean());
    auto leaves = profile.leaves(host.cpuid());
    EXPECT_EQ(leaves.query(Leaf::exit_count, 0x78), (ledger::CpuidRegisters{7, 0, 0, 0}));
    EXPECT_EQ(leaves.query(Leaf::exit_count, 0x12), (ledger::CpuidRegisters{0, 0, 0, 0}));
    EXPECT_EQ(leaves.query(Leaf::exit_count, 0x500),
              (ledger::CpuidRegisters{0, 0, 0, KVM_EXIT_LEDGER_UNDEFINED_EDX}));
}

TEST(RegisterUse, IsCleanOnARightHost) {
    for (const auto numbering : {Numbering::vmx, Numbering::svm}) {
        FakeHost host(numbering);
        host.cause(12, 7);
        EXPECT_TRUE(host.profile().registers.is_clean());
    }
}
