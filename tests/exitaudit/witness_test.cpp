// The witnesses' comparison: agreement, each way to differ, and missing testimony.
#include "exitaudit/witness/witness.hpp"

#include <gtest/gtest.h>

using exitaudit::HostResult;
using exitaudit::Outcome;
using exitaudit::Witness;

namespace {

Witness honest() {
    Witness witness;
    for (const auto* line : {"vendor kvm-amd", "ledger total 1103 90 80 1 9", "ledger 114 1000 1 1 1 1",
                             "ledger 123 100 1 1 1 1", "ledger undefined 3 1 1 1 1",
                             "trace { common_pid:         77, exit_reason:        114 } hitcount:       1000",
                             "trace { common_pid:         77, exit_reason:        123 } hitcount:        100",
                             "trace { common_pid:         77, exit_reason: 4294967295 } hitcount:          3",
                             "stat exits 1103", "stat io_exits 100", "stat halt_exits 0", "Totals:"})
        witness.line(line);
    return witness;
}

HostResult result(const Witness& witness, std::string_view name) {
    for (auto& each : witness.results())
        if (each.name == name) return each;
    ADD_FAILURE() << name << " is missing";
    return {};
}

} // namespace

TEST(Witness, AgreesWithAnHonestLedger) {
    EXPECT_EQ(result(honest(), "host.tracepoint").outcome, Outcome::ok);
    EXPECT_EQ(result(honest(), "host.tracepoint").message,
              "2 exit numbers and their total of 1103 exits agree");
    EXPECT_EQ(result(honest(), "host.stats").outcome, Outcome::ok);
}

TEST(Witness, ReportsTheStressOfItsHost) {
    auto witness = honest();
    witness.expect_stress();
    EXPECT_EQ(result(witness, "stress").outcome, Outcome::not_ok);
    EXPECT_EQ(result(witness, "stress").message, "it came to no end");
    witness.line("stress modules ok 50 times");
    EXPECT_EQ(result(witness, "stress.modules").outcome, Outcome::ok);
    EXPECT_EQ(result(witness, "stress.modules").message, "50 times");
    witness.line("stress vms failed KVM_RUN: Bad address");
    EXPECT_EQ(result(witness, "stress.vms").outcome, Outcome::not_ok);
    for (const auto& each : witness.results()) EXPECT_NE(each.name, "stress");
}

TEST(Witness, TellsAHostWithoutLedgerFromOneThatWasNotAsked) {
    Witness witness;
    witness.line("vendor kvm-amd");
    EXPECT_EQ(result(witness, "host.tracepoint").outcome, Outcome::skip);
    EXPECT_EQ(result(witness, "host.tracepoint").message,
              "the run ended before the host's instruments were read");
    witness.line("stat io_exits 100");
    EXPECT_EQ(result(witness, "host.stats").message, "the host shows no ledger of its own in debugfs");
    EXPECT_EQ(result(witness, "host.tracepoint").outcome, Outcome::not_ok); // nothing was traced
}

TEST(Witness, TellsOfTheExitThatEndedTheGuest) {
    auto witness = honest();
    EXPECT_EQ(witness.last_exit("fatal.triple-fault", 127).outcome, Outcome::skip);
    witness.line("trace { common_pid:         77, exit_reason:        127 } hitcount:          1");
    EXPECT_EQ(witness.last_exit("fatal.triple-fault", 127).outcome, Outcome::not_ok);
    witness.line("ledger 127 1 1 1 1 1");
    const auto result = witness.last_exit("fatal.triple-fault", 127);
    EXPECT_EQ(result.outcome, Outcome::ok);
    EXPECT_EQ(result.message, "exit 0x7f ended the guest: the ledger has 1, the kvm_exit tracepoint 1");
    EXPECT_EQ(Witness().last_exit("fatal.triple-fault", 127).outcome, Outcome::skip);
}

TEST(Witness, TellsWhichExitIsShort) {
    auto witness = honest();
    witness.line("trace { common_pid:         77, exit_reason:        123 } hitcount:          1");
    const auto tracepoint = result(witness, "host.tracepoint");
    EXPECT_EQ(tracepoint.outcome, Outcome::not_ok);
    ASSERT_EQ(tracepoint.table.size(), 3u); // heading, the exit, the total
    EXPECT_NE(tracepoint.table[1].find("0x7b"), std::string::npos);
    EXPECT_NE(tracepoint.table[1].find("-1"), std::string::npos);
}

TEST(Witness, TellsOfAnExitThatOnlyTheLedgerHas) {
    auto witness = honest();
    witness.line("ledger 120 7 1 1 1 1");
    EXPECT_EQ(result(witness, "host.tracepoint").outcome, Outcome::not_ok);
    EXPECT_EQ(result(witness, "host.stats").outcome, Outcome::not_ok); // halt_exits is 0
}

TEST(Witness, TellsOfATotalThatDiffers) {
    auto witness = honest();
    witness.line("ledger total 1104 90 80 1 9");
    EXPECT_EQ(result(witness, "host.tracepoint").outcome, Outcome::not_ok);
    EXPECT_EQ(result(witness, "host.stats").outcome, Outcome::not_ok);
}

namespace {

// The honest guest beside a VM whose vCPU is thread 99.
Witness beside_noise() {
    Witness witness;
    for (const auto* line :
         {"vendor kvm-amd", "noise threads 98 99", "noise ledger total 50 1 1 1 1",
          "noise ledger 123 50 1 1 1 1", "ledger total 7 1 1 1 1", "ledger 123 7 1 1 1 1",
          "trace { common_pid:         99, exit_reason:        123 } hitcount:         50",
          "trace { common_pid:         77, exit_reason:        123 } hitcount:          7"})
        witness.line(line);
    return witness;
}

} // namespace

TEST(Witness, SeesTwoVmsApart) {
    EXPECT_EQ(result(beside_noise(), "host.tracepoint").outcome, Outcome::ok);
    EXPECT_EQ(result(beside_noise(), "host.isolation").outcome, Outcome::ok);
    EXPECT_EQ(honest().results().size(), 2u); // no isolation without noise
}

TEST(Witness, TellsOfCountersThatVmsShare) {
    auto witness = beside_noise();
    for (const auto* line : {"noise ledger total 57 1 1 1 1", "noise ledger 123 57 1 1 1 1",
                             "ledger total 57 1 1 1 1", "ledger 123 57 1 1 1 1"})
        witness.line(line);
    EXPECT_EQ(result(witness, "host.tracepoint").outcome, Outcome::not_ok);
    EXPECT_EQ(result(witness, "host.isolation").outcome, Outcome::not_ok);
}

TEST(Witness, TellsOfLeavesThatAnEarlierVmSawUnchanged) {
    Witness witness;
    witness.line("earlier-vm ");
    EXPECT_FALSE(witness.earlier_vm()); // there was none
    witness.line("earlier-vm counted");
    EXPECT_EQ(witness.earlier_vm()->outcome, Outcome::ok);
    witness.line("earlier-vm unchanged");
    EXPECT_EQ(witness.earlier_vm()->outcome, Outcome::not_ok);
}

TEST(Witness, CountsOnlyTheThreadsThatItIsTold) {
    Witness witness;
    for (const auto* line :
         {"vendor kvm-amd", "threads 77 78", "ledger total 7 1 1 1 1", "ledger 123 7 1 1 1 1",
          "trace { common_pid:         99, exit_reason:        123 } hitcount:         50",
          "trace { common_pid:         77, exit_reason:        123 } hitcount:          7"})
        witness.line(line);
    EXPECT_EQ(result(witness, "host.tracepoint").outcome, Outcome::ok);
}

TEST(Witness, NeverLeavesOutWhatWasAskedOfPerf) {
    auto witness = honest();
    EXPECT_EQ(witness.results().size(), 2u);
    witness.expect_perf();
    EXPECT_EQ(result(witness, "host.perf").outcome, Outcome::skip);
    witness.line("missing perf no permission");
    EXPECT_EQ(result(witness, "host.perf").message, "no permission");
    Witness silent;
    silent.expect_perf();
    EXPECT_EQ(result(silent, "host.perf").outcome, Outcome::skip);
}

TEST(Witness, IsSkippedWithoutTestimony) {
    EXPECT_EQ(result(Witness(), "host.tracepoint").outcome, Outcome::skip);
    Witness ledger_alone;
    ledger_alone.line("ledger total 1 1 1 1 1");
    EXPECT_EQ(result(ledger_alone, "host.tracepoint").outcome, Outcome::skip);
    EXPECT_EQ(result(ledger_alone, "host.stats").outcome, Outcome::skip);
}
