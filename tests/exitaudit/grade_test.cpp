// What grade makes of audits.
#include "exitaudit/grade/grader.hpp"
#include "exitaudit/grade/terms.hpp"

#include <gtest/gtest.h>

namespace exitaudit::grade {
namespace {

AuditReport report(ExitCode code, std::vector<Finding> findings = {}) {
    AuditReport report;
    report.verdict = {code, "a message", code == ExitCode::pass || code == ExitCode::audit_failed};
    report.circumstances.kernel = "Linux 6.1";
    report.circumstances.causes.findings = std::move(findings);
    report.log.run = {{"layout", "F22"}, {"sdm", 70U}};
    report.log.profile = {{"undefined", "mark"}, {"scope", "vm"}};
    return report;
}

AuditReport out_of_time(std::vector<Finding> findings) {
    auto late = report(ExitCode::could_not_run, std::move(findings));
    late.circumstances.timed_out = true;
    return late;
}

AuditReport unexplained() {
    auto failed = report(ExitCode::audit_failed);
    Result result;
    result.name = "cpuid.leaf0";
    result.outcome = Outcome::not_ok;
    result.message = "too many";
    failed.log.results = {result};
    failed.circumstances.causes.unexplained = {result.name};
    return failed;
}

std::string ids(const std::vector<Finding>& findings) {
    std::string all;
    for (const auto& finding : findings) all += (all.empty() ? "" : " ") + finding.id;
    return all;
}

TEST(Grade, ReadsFindingsNotesAndTheLayout) {
    auto given = unexplained();
    given.circumstances.causes.notes = {{"handler-only", "another definition"}};
    const auto audit = judged(vmx_lane, given);
    EXPECT_EQ(audit.verdict, "fail");
    EXPECT_EQ(audit.layout, "F22");
    EXPECT_EQ(audit.edition, "70");
    ASSERT_EQ(ids(audit.findings), "unexplained");
    EXPECT_EQ(audit.findings[0].text, "cpuid.leaf0: too many");
    EXPECT_EQ(ids(audit.notes), "handler-only");
}

TEST(Grade, NamesNoEditionThatNoMarksShow) {
    auto given = report(ExitCode::audit_failed, {{"answers-exchanged", "exchanged"}});
    given.log.profile["undefined"] = "zeros";
    EXPECT_EQ(judged(vmx_lane, given).edition, "");
}

TEST(Grade, NamesTheFirstUnexplainedFailures) {
    auto given = unexplained();
    for (const auto* name : {"b", "c", "d\x1b", "e", "f"})
        given.circumstances.causes.unexplained.emplace_back(name);
    EXPECT_EQ(judged(vmx_lane, given).findings.at(0).text,
              "cpuid.leaf0: too many; no cause is known for it, nor for b, c, d?, e and 1 more");
}

TEST(Grade, DistinguishesAHangFromTooLittleTime) {
    auto silent = out_of_time({{"host-complaint", "BUG: scheduling while atomic"}});
    silent.circumstances.hangs = true;
    EXPECT_EQ(judged(svm_lane, silent).verdict, "hangs");
    silent.circumstances.causes.findings = {{"slow-query", "a line of log per query"}};
    EXPECT_EQ(judged(svm_lane, silent).verdict, "fail");
    const auto at_work = judged(svm_lane, out_of_time({}));
    EXPECT_EQ(at_work.verdict, "could-not-grade");
    EXPECT_EQ(ids(at_work.findings), "too-slow");
}

TEST(Grade, JudgesWhatCameBeforeTheTimeRanOut) {
    const auto audit = judged(svm_lane, out_of_time({{"slow-query", "a line of log per query"}}));
    EXPECT_EQ(audit.verdict, "fail");
    EXPECT_EQ(ids(audit.findings), "slow-query");
    EXPECT_EQ(ids(audit.notes), "cut-off");
}

TEST(Grade, ReportsAHostThatCrashedUnderAnAudit) {
    auto given = report(ExitCode::audit_failed, {{"host-complaint", "the host's kernel complained"}});
    given.circumstances.crashed = true;
    given.circumstances.trouble = "the embedded host ended before its guest: it crashed";
    const auto audit = judged(svm_lane, given);
    EXPECT_EQ(audit.verdict, "crashes");
    EXPECT_EQ(ids(audit.findings), "host-complaint");
}

TEST(Grade, BlamesNoPatchForAnAuditThatDidNotStart) {
    EXPECT_EQ(judged(svm_lane, {}).verdict, "could-not-grade");
}

TEST(Grade, UnitesTheFindingsOfBothRuns) {
    auto audit = judged(vmx_lane, report(ExitCode::audit_failed, {{"host-wide", "with one vCPU"}}));
    add_news(audit, judged(vmx_lane, report(ExitCode::audit_failed,
                                            {{"racing-counters", "lost"}, {"host-wide", "with two"}})));
    ASSERT_EQ(ids(audit.findings), "host-wide racing-counters");
    EXPECT_EQ(audit.findings[0].text, "with one vCPU");
    EXPECT_EQ(audit.findings[1].text, "with 2 vCPUs, beside another VM: lost");
}

TEST(Grade, FailsForWhatTheLaterRunAloneFinds) {
    auto audit = judged(vmx_lane, report(ExitCode::pass));
    add_news(audit, judged(vmx_lane, report(ExitCode::pass)));
    EXPECT_EQ(audit.verdict, "pass");
    add_news(audit, judged(vmx_lane, out_of_time({})));
    EXPECT_EQ(audit.verdict, "pass");
    EXPECT_EQ(ids(audit.notes), "not-tried");
    auto silent = out_of_time({{"hang", "the guest hangs"}});
    silent.circumstances.hangs = true;
    add_news(audit, judged(vmx_lane, silent));
    EXPECT_EQ(audit.verdict, "hangs");
}

TEST(Grade, TakesFromTheLaterRunWhatTheFirstOneSkips) {
    auto first = report(ExitCode::pass), later = first;
    const auto made = [](std::string name, Outcome outcome) {
        Result result;
        result.name = std::move(name);
        result.outcome = outcome;
        return result;
    };
    first.log.results = {made("io.out8", Outcome::ok), made("smp.soak", Outcome::skip)};
    later.log.results = {made("smp.soak", Outcome::not_ok)};
    auto audit = judged(vmx_lane, first);
    add_news(audit, judged(vmx_lane, later));
    EXPECT_EQ(audit.report.log.results.at(0).name, "io.out8");
    EXPECT_EQ(audit.report.log.results.at(1).outcome, Outcome::not_ok);
}

// A lane whose time runs out at once.
TEST(Grade, CallsNoHostHangingThatSpokeLately) {
    const Lane lane{.name = "late", .run = [](const HostSpec&, const Places&, const Listener& listener) {
                        listener.guest("KTAP version 1\n1..2\nok 1 io.out8 # right\n");
                        Session session;
                        session.ending.how = Ending::How::timed_out;
                        session.kernel = "Linux 6.1";
                        return session;
                    }};
    const auto late = audit(lane, {}, {}, {[](auto) {}, [](auto) {}, [](auto) {}, [] {}});
    EXPECT_EQ(late.verdict.code, ExitCode::could_not_run);
    EXPECT_NE(late.verdict.text.find("after 1 audits, needs a longer --timeout"), std::string::npos)
        << late.verdict.text;
    EXPECT_FALSE(late.circumstances.hangs);
    EXPECT_EQ(ids(late.circumstances.causes.findings), "");
}

// A host with these leaves alone, held to the terms.
Audit held_to(const Terms& terms, const nlohmann::json& leaves) {
    auto given = report(ExitCode::pass);
    given.log.profile["leaves"] = leaves;
    given.circumstances.causes.notes = {{"one-table", "one table"}};
    if (leaves.size() < 4) given.circumstances.causes.notes.push_back({"leaf-missing", "a part"});
    auto audit = judged(vmx_lane, given);
    hold_to(terms, audit);
    return audit;
}

const nlohmann::json totals{0x4ffffffcU, 0x4ffffffdU}, by_exit{0x4ffffffeU, 0x4fffffffU};

TEST(Terms, LeaveOpenWhatTheAssignmentLeavesOpen) {
    EXPECT_EQ(held_to({}, totals).verdict, "pass");
    EXPECT_EQ(held_to({2, false}, totals).verdict, "pass");
    EXPECT_EQ(held_to({3, false}, by_exit).verdict, "pass");
    EXPECT_EQ(ids(held_to({2, false}, totals).notes), "one-table leaf-missing");
}

TEST(Terms, FailLeavesThatWereAskedForAndAreNotThere) {
    const auto audit = held_to({3, false}, totals);
    EXPECT_EQ(audit.verdict, "fail");
    EXPECT_EQ(ids(audit.findings), "leaf-missing");
    EXPECT_EQ(ids(audit.notes), "one-table");
    EXPECT_EQ(held_to({2, false}, by_exit).verdict, "fail");
}

TEST(Terms, FailOtherDefinitionsIfStrict) {
    const auto audit = held_to({0, true}, totals);
    EXPECT_EQ(audit.verdict, "fail");
    EXPECT_EQ(ids(audit.findings), "one-table leaf-missing");
    EXPECT_TRUE(audit.notes.empty());
}

TEST(Grade, KeepsEachUnderANameOfItsOwn) {
    const auto submission = [](const std::string& path) {
        return Submission{path, Submission::Kind::unknown, path, ""};
    };
    EXPECT_EQ(names_to_keep({submission("st/ann/solution.patch"), submission("st/bob/solution.patch"),
                             submission("other/bob/solution.patch"), submission("carol/"),
                             submission("d e.patch")}),
              (std::vector<std::string>{"ann_solution.patch", "bob_solution.patch", "bob_solution.patch-2",
                                        "carol", "d_e.patch"}));
}

} // namespace
} // namespace exitaudit::grade
