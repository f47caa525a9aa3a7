// The verdict on a boot, and its document.
#include "exitaudit/boot/report.hpp"
#include "exitaudit/documents/document.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>

namespace exitaudit::test {
namespace {

// A guest that went through these phases, each with an exit.
BootLog boot_of(std::initializer_list<const char*> phases) {
    BootLog log;
    int exits = 0;
    log.line("@sample 1000000000 120 1 50 total 1 50");
    for (const auto* phase : phases) {
        ++exits;
        log.line(fmt::format("@sample {0}000000000 120 {0} {0}0 total {0} {0}0", exits));
        log.line(fmt::format("@line {}000000001 #phase {}", exits, phase));
    }
    log.line(fmt::format("@sample {0}000000000 120 {0} {0}0 total {0} {0}0", exits + 1));
    log.line("@end 9000000000 0 2");
    return log;
}

Session sound_session() {
    Session session;
    session.witness.emplace();
    return session;
}

TEST(BootJudge, OurGuestHasToComeToItsLastPhase) {
    const auto whole = boot_of({"initramfs", "idle", "reset"}), half = boot_of({"initramfs", "idle"});
    EXPECT_EQ(phases_reached(whole, {}).outcome, Outcome::ok);
    const auto missed = phases_reached(half, {});
    EXPECT_EQ(missed.outcome, Outcome::not_ok);
    EXPECT_EQ(judge_boot(sound_session(), whole, {}, {phases_reached(whole, {})}).code, ExitCode::pass);
    const auto verdict = judge_boot(sound_session(), half, {}, {missed});
    EXPECT_EQ(verdict.code, ExitCode::could_not_run);
    EXPECT_EQ(verdict.text, "could not run: the guest ended amid idle, before its last phase");
    BootOptions stopped;
    stopped.stop = std::chrono::seconds(60);
    EXPECT_EQ(phases_reached(half, stopped).outcome, Outcome::skip);
}

TEST(BootJudge, AnotherGuestsPhasesAreItsOwnAffair) {
    BootOptions options;
    options.initrd = "initrd.img";
    EXPECT_EQ(phases_reached(boot_of({}), options).outcome, Outcome::skip);
    EXPECT_EQ(phases_reached(boot_of({"idle"}), options).outcome, Outcome::ok);
}

TEST(BootJudge, AHostWithoutLedgerIsNotPatchedHoweverTheGuestEnds) {
    auto session = sound_session();
    session.no_ledger = "this machine's KVM is not patched";
    const auto known = judge_boot(session, {}, {}, {});
    EXPECT_EQ(known.code, ExitCode::not_patched);
    EXPECT_EQ(known.text, "not patched: this machine's KVM is not patched");

    BootLog silent, speaking;
    speaking.line("@line 1000000001 #phase idle");
    auto hanging = sound_session();
    hanging.ending.how = Ending::How::timed_out;
    EXPECT_EQ(judge_boot(hanging, speaking, {}, {}).code, ExitCode::not_patched);
    EXPECT_EQ(judge_boot(hanging, silent, {}, {}).code, ExitCode::could_not_run);
    EXPECT_EQ(judge_boot(hanging, boot_of({"idle"}), {}, {}).code, ExitCode::could_not_run);
}

TEST(BootJudge, AGuestWithoutAnyExitDidNotStart) {
    BootLog log;
    log.line("@sample 1000000000 total 0 0");
    log.line("@end 2000000000 1 0");
    auto session = sound_session();
    EXPECT_EQ(judge_boot(session, log, {}, {}).text,
              "could not run: QEMU did not start the guest: it ended with status 1");
    session.console = {"loading", "qemu-system-x86_64: warning: slow",
                       "embedded-host: emulator: qemu-system-x86_64: Cannot allocate memory",
                       "embedded-host: guest: exited with 1"};
    EXPECT_EQ(judge_boot(session, log, {}, {}).text,
              "could not run: QEMU did not start the guest: qemu-system-x86_64: Cannot allocate memory");
}

TEST(BootJudge, WhatTheInstrumentsSayFails) {
    const auto log = boot_of({"reset"});
    const auto verdict =
        judge_boot(sound_session(), log, {},
                   {{"host.tracepoint", Outcome::not_ok, "they differ", {}}, phases_reached(log, {})});
    EXPECT_EQ(verdict.code, ExitCode::audit_failed);
    EXPECT_EQ(verdict.text, "fail: host.tracepoint: they differ");
}

TEST(BootJudge, AHostThatCrashesFails) {
    BootLog log;
    log.line("@sample 1000000000 120 1 50 total 1 50");
    log.line("@line 1000000001 #phase idle");
    Session session;
    session.trouble = "the embedded host ended before its guest: it crashed";
    EXPECT_EQ(judge_boot(session, log, {}, {}).code, ExitCode::could_not_run);
    session.crashed = true;
    session.complaint = "BUG: unable to handle page fault";
    const auto verdict = judge_boot(session, log, {}, {});
    EXPECT_EQ(verdict.code, ExitCode::audit_failed);
    EXPECT_EQ(verdict.text, "fail: the host crashed, amid idle: BUG: unable to handle page fault");
}

TEST(BootJudge, TheDocumentHasEnvironmentAndTestcases) {
    const auto log = boot_of({"initramfs", "reset"});
    BootOutcome outcome;
    outcome.circumstances.lane = "svm";
    outcome.circumstances.kernel = "Linux 6.1";
    outcome.circumstances.emulator = "QEMU 7.2";
    outcome.circumstances.facts.cpu = "EPYC";
    outcome.circumstances.host = {{"host.tracepoint", Outcome::not_ok, "they differ", {"0x78 1 2"}},
                                  phases_reached(log, {})};
    outcome.verdict = {ExitCode::audit_failed, "fail: host.tracepoint: they differ", true};
    BootOptions options;
    options.work = 2;
    options.disk = "/images/root.img";
    options.kernel = "6.1";
    const auto document = boot_document(log, outcome, options);
    EXPECT_EQ(document["guest"]["memory_mib"], 128);
    EXPECT_EQ(document["guest"]["work"], 2);
    EXPECT_EQ(document["guest"]["disk"], "root.img");
    EXPECT_EQ(document["guest"]["initrd"], nullptr);
    EXPECT_EQ(document["guest"]["kernel_version"], "6.1");
    EXPECT_EQ(document["kind"], "boot");
    EXPECT_EQ(document["environment"]["emulator"], "QEMU 7.2");
    EXPECT_EQ(document["environment"]["host"]["cpu"], "EPYC");
    EXPECT_EQ(document["environment"]["host"]["kernel"], "Linux 6.1");

    const auto xml = junit_document(document);
    EXPECT_NE(xml.find(R"(<testsuite name="exitaudit svm" tests="2" failures="1" errors="0" skipped="0")"),
              std::string::npos)
        << xml;
    EXPECT_NE(xml.find(R"(<testcase name="boot.phases" classname="exitaudit.svm.boot" />)"),
              std::string::npos)
        << xml;
}

} // namespace
} // namespace exitaudit::test
