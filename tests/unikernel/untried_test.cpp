// Failures on versions of emulators, tried and untried, on right hosts and wrong ones.
#include "fake_host.hpp"

#include "audit/untried.hpp"

#include <asm/kvm.h> // the exception vectors that asm/svm.h refers to
#include <asm/svm.h>
#include <gtest/gtest.h>

using audit::Outcome;
using audit::Result;
using ledger::Numbering;
using triggers::Bound;
using triggers::Circumstances;
using triggers::Deviation;
using triggers::Emulator;
using triggers::Exception;
using triggers::Where;

namespace {

constexpr std::uint32_t firings = 100;
constexpr ledger::ExitNumber invd = SVM_EXIT_INVD, wbinvd = SVM_EXIT_WBINVD,
                             undefined = SVM_EXIT_EXCP_BASE + UD_VECTOR, io = SVM_EXIT_IOIO;

constexpr triggers::Row refaults[] = {{io, Bound::at_most, 1}};
constexpr Deviation deviations[] = {
    {Where::on_bochs, Numbering::svm, {invd, Bound::none, 0, "Bochs drops it"}, triggers::bochs_2_7},
    {Where::on_qemu,
     Numbering::svm,
     {wbinvd, Bound::exact, 1, "exits as WBINVD", refaults},
     triggers::qemu_7_2},
    {Where::on_qemu,
     Numbering::svm,
     {undefined, Bound::exact, 1, "#UD", {}, false, Exception::invalid_opcode},
     triggers::qemu_7_2},
};

constexpr Circumstances qemu(const triggers::Version& version) {
    return {.emulator = Emulator::qemu, .version = version};
}
constexpr triggers::Version newer{12, 0};

// What is said of INVD, fired on such a host, when this happens meanwhile.
Result judged(const Circumstances& circumstances, const std::function<void(FakeHost&)>& meanwhile,
              std::uint32_t undefined_raised = 0) {
    triggers::Trigger trigger{};
    trigger.svm = {invd, Bound::exact, 1, "manual"};
    trigger.deviations = deviations;
    FakeHost host(Numbering::svm);
    auto leaves = host.leaves();
    const ledger::Snapshot before(leaves, ledger::all_rows(leaves.numbering()));
    meanwhile(host);
    const ledger::Snapshot after(leaves, ledger::all_rows(leaves.numbering()));
    machine::ExceptionCounts raised{};
    raised[static_cast<unsigned>(Exception::invalid_opcode)] = undefined_raised;
    const audit::Fired fired{firings};
    const audit::Coverage coverage(Numbering::svm);
    const audit::Seen seen{coverage, fired, before, after, raised};
    Result result;
    result.name = "cache.invd";
    audit::judge(trigger.svm, seen, result);
    audit::excuse_untried(trigger, circumstances, seen, result);
    return result;
}

void exits_as_wbinvd(FakeHost& host) { host.cause(wbinvd, firings); }

}

TEST(Untried, VersionThatFollowsTheManualPasses) {
    EXPECT_EQ(judged(qemu(newer), [](auto& host) { host.cause(invd, firings); }).outcome, Outcome::ok);
}

TEST(Untried, VersionThatDeviatesAsAnotherDoesIsASkip) {
    const auto result = judged(qemu(newer), exits_as_wbinvd);
    EXPECT_EQ(result.outcome, Outcome::skip);
    EXPECT_EQ(result.message.view(),
              "QEMU 12.0, which is untried, seems to deviate as 7.2 does: exits as WBINVD");
    EXPECT_TRUE(result.diagnosis.empty());
    EXPECT_EQ(judged(qemu({}), exits_as_wbinvd).message.view(),
              "this QEMU, of unknown version, seems to deviate as 7.2 does: exits as WBINVD");
}

TEST(Untried, RowsBesideMayDeviateAsWell) {
    EXPECT_EQ(judged(qemu(newer),
                     [](auto& host) {
                         host.cause(wbinvd, firings);
                         host.cause(io, firings);
                     })
                  .outcome,
              Outcome::skip);
    EXPECT_EQ(judged(qemu(newer),
                     [](auto& host) {
                         host.cause(wbinvd, firings);
                         host.cause(io, firings + 1);
                     })
                  .outcome,
              Outcome::not_ok);
}

// Where nothing exits but an exception is raised, judge_exceptions() has made it a skip already.
TEST(Untried, ExceptionsMustBeTheDeviationsToo) {
    const auto exits_undefined = [](auto& host) { host.cause(undefined, firings); };
    EXPECT_EQ(judged(qemu(newer), exits_undefined).outcome, Outcome::not_ok);
    const auto both = [](auto& host) {
        host.cause(invd, 1);
        host.cause(wbinvd, firings);
    };
    EXPECT_EQ(judged(qemu(newer), both, firings).outcome, Outcome::not_ok);
}

TEST(Untried, VersionIsNoExcuseForAHostThatIsWrong) {
    EXPECT_EQ(judged(qemu(newer), [](auto& host) { host.cause(invd, 2 * firings); }).outcome,
              Outcome::not_ok);
    EXPECT_EQ(judged(qemu(newer), [](auto& host) { host.cause(wbinvd, firings - 1); }).outcome,
              Outcome::not_ok);
    EXPECT_EQ(judged(qemu(newer),
                     [](auto& host) {
                         host.cause(wbinvd, firings);
                         host.cause(SVM_EXIT_CPUID, firings);
                     })
                  .outcome,
              Outcome::not_ok);
}

TEST(Untried, AnotherEmulatorsDeviationIsNoExcuse) {
    const auto nothing = [](auto&) {};
    EXPECT_EQ(judged(qemu(newer), nothing).outcome, Outcome::not_ok);
    EXPECT_EQ(judged({.emulator = Emulator::bochs, .version = {9, 0}}, nothing).outcome, Outcome::skip);
}

TEST(Untried, VersionsThatWereTriedAndRealProcessorsHaveNoExcuse) {
    for (const auto& version : triggers::tried_qemu)
        EXPECT_EQ(judged(qemu(version), exits_as_wbinvd).outcome, Outcome::not_ok);
    EXPECT_EQ(judged({}, exits_as_wbinvd).outcome, Outcome::not_ok);
}
