// What grade makes of audits.
#include "exitaudit/grade/rounds.hpp"

#include <gtest/gtest.h>

namespace exitaudit::grade {
namespace {

AuditReport report(ExitCode code, double seconds = 20) {
    AuditReport report;
    report.verdict = {code, "a message", code == ExitCode::pass || code == ExitCode::audit_failed};
    report.circumstances.kernel = "Linux 6.1";
    report.circumstances.seconds = seconds;
    report.log.run = {{"layout", "F22"}, {"sdm", 70U}};
    return report;
}

AuditReport out_of_time(double seconds) {
    auto late = report(ExitCode::could_not_run, seconds);
    late.circumstances.timed_out = true;
    late.circumstances.causes.findings = {{"hang", "the guest hangs"}};
    late.circumstances.console = {"one", "BUG: soft lockup", "two"};
    return late;
}

AuditReport surplus() {
    auto failed = report(ExitCode::audit_failed);
    Result result;
    result.name = "cpuid.leaf0";
    result.outcome = Outcome::not_ok;
    result.message = "too many";
    result.record = {{"caused", 400}, {"told", 648}};
    failed.log.results = {result};
    failed.circumstances.causes.unexplained = {result.name};
    return failed;
}

TEST(Grade, ReadsFindingsNotesAndTheLayout) {
    auto given = surplus();
    given.circumstances.causes.notes = {{"handler-only", "another definition"}};
    const auto audit = judged(vmx_lane, given, false);
    EXPECT_EQ(audit.verdict, "fail");
    EXPECT_EQ(audit.layout, "F22");
    EXPECT_EQ(audit.edition, "70");
    ASSERT_EQ(audit.findings.size(), 1u);
    EXPECT_EQ(audit.findings[0].id, "unexplained");
    EXPECT_EQ(audit.findings[0].text, "cpuid.leaf0: too many");
    ASSERT_EQ(audit.notes.size(), 1u);
    EXPECT_EQ(audit.notes[0].id, "handler-only");
}

TEST(Grade, NamesTheFirstUnexplainedFailures) {
    auto given = surplus();
    for (const auto* name : {"b", "c", "d\x1b", "e", "f"}) {
        given.log.results.push_back(given.log.results.front());
        given.log.results.back().name = name;
        given.circumstances.causes.unexplained.emplace_back(name);
    }
    EXPECT_EQ(judged(vmx_lane, given, false).findings.at(0).text,
              "cpuid.leaf0: too many; no cause is known for it, nor for b, c, d? and 2 more");
}

TEST(Grade, DistinguishesAHangFromTooLittleTime) {
    const auto silent = judged(svm_lane, out_of_time(90), false);
    EXPECT_EQ(silent.verdict, "hangs");
    EXPECT_EQ(silent.findings.at(0).text, "the guest hangs; its console: BUG: soft lockup");
    const auto at_work = judged(svm_lane, out_of_time(90), true);
    EXPECT_EQ(at_work.verdict, "could-not-grade");
    EXPECT_EQ(at_work.findings.at(0).id, "too-slow");
}

TEST(Grade, CallsACrashNoHang) {
    auto given = out_of_time(90);
    given.circumstances.complaint = "BUG: kernel NULL pointer dereference";
    EXPECT_EQ(judged(svm_lane, given, false).verdict, "crashes");
}

TEST(Grade, ReportsAHostThatCrashedUnderAnAudit) {
    auto given = report(ExitCode::audit_failed);
    given.circumstances.crashed = true;
    given.circumstances.trouble = "the embedded host ended before its guest: it crashed";
    given.circumstances.causes.findings = {{"host-complaint", "the host's kernel complained"}};
    const auto audit = judged(svm_lane, given, false);
    EXPECT_EQ(audit.verdict, "crashes");
    EXPECT_EQ(audit.findings.at(0).id, "host-complaint");
}

TEST(Grade, BlamesNoPatchForAnAuditThatDidNotStart) {
    EXPECT_EQ(judged(svm_lane, {}, false).verdict, "could-not-grade");
}

TEST(Grade, FindsAnotherVmsExitsInTheLaterRun) {
    auto audit = judged(vmx_lane, report(ExitCode::pass), false);
    add_news(audit, judged(vmx_lane, surplus(), false));
    EXPECT_EQ(audit.verdict, "fail");
    ASSERT_EQ(audit.findings.size(), 1u);
    EXPECT_EQ(audit.findings[0].id, "host-wide");
}

TEST(Grade, SaysOnceThatTheCountersAreTheHosts) {
    auto first = report(ExitCode::audit_failed);
    first.circumstances.causes.findings = {{"host-wide", "with one vCPU"}};
    auto audit = judged(vmx_lane, first, false);
    add_news(audit, judged(vmx_lane, surplus(), false));
    ASSERT_EQ(audit.findings.size(), 1u);
    EXPECT_EQ(audit.findings[0].text, "with one vCPU");
}

TEST(Grade, CallsAHurriedLaterRunNotTried) {
    auto audit = judged(vmx_lane, report(ExitCode::pass, 50), false);
    add_news(audit, judged(vmx_lane, out_of_time(30), false));
    EXPECT_EQ(audit.verdict, "pass");
    EXPECT_EQ(audit.notes.at(0).id, "not-tried");
    add_news(audit, judged(vmx_lane, out_of_time(100), false));
    EXPECT_EQ(audit.verdict, "hangs");
}

} // namespace
} // namespace exitaudit::grade
