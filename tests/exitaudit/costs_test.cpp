// Costs that were measured in several runs.
#include "exitaudit/audit/costs.hpp"

#include <gtest/gtest.h>

namespace exitaudit::test {
namespace {

Result measured_result(const std::string& name, unsigned long number, unsigned median) {
    Result result;
    result.number = number;
    result.name = name;
    result.record = {{"firings", 200},
                     {"guest_cycles", {{"min", 1}, {"median", median}, {"mean", 3}, {"p99", 4}}},
                     {"empty_cycles", 36}};
    return result;
}

AuditReport ended_amid(const std::string& name, std::vector<Result> results) {
    AuditReport report{"log of one\n", {}, could_not_run("log cut off"), {}};
    report.log.results = std::move(results);
    report.circumstances.seconds = 2;
    report.circumstances.trouble = "a triple fault";
    report.amid = name;
    return report;
}

AuditReport complete(std::vector<Result> results) {
    AuditReport report{"log of the last\n", {}, measured({results.size(), 0, 0}), {}};
    report.log.results = std::move(results);
    report.log.end = {{"passed", 1}, {"failed", 0}, {"skipped", 0}};
    report.circumstances.seconds = 3;
    return report;
}

TEST(CostsInParts, OfOneRunAreThatRuns) {
    CostsInParts parts;
    parts.add(complete({measured_result("io.in8", 1, 70)}));
    EXPECT_FALSE(parts.was_cut());
    EXPECT_EQ(parts.report().verdict.text, "measured: 1 triggers, 0 skipped");
    EXPECT_EQ(parts.report().log.results.size(), 1U);
}

TEST(CostsInParts, FollowEachOtherWithWhatEndedThemSkipped) {
    CostsInParts parts;
    parts.add(ended_amid("io.out8", {measured_result("io.in8", 1, 70)}));
    parts.add(complete({measured_result("msr.read-pat", 1, 80)}));
    const auto report = parts.report();
    ASSERT_EQ(report.log.results.size(), 3U);
    EXPECT_EQ(report.log.results[1].name, "io.out8");
    EXPECT_EQ(report.log.results[1].outcome, Outcome::skip);
    EXPECT_EQ(report.log.results[1].message, "a triple fault");
    EXPECT_EQ(report.log.results[2].number, 3U);
    EXPECT_EQ(report.verdict.text, "measured: 2 triggers, 1 skipped");
    EXPECT_EQ(report.log.end["passed"], 2);
    EXPECT_EQ(report.log.end["skipped"], 1);
    EXPECT_EQ(report.circumstances.seconds, 5);
    EXPECT_EQ(report.serial_log, "log of one\nlog of the last\n");
    EXPECT_TRUE(parts.was_cut());
    EXPECT_NE(parts.table().find("# io\n#   io.in8 "), std::string::npos) << parts.table();
    EXPECT_NE(parts.table().find("# msr\n#   msr.read-pat "), std::string::npos) << parts.table();
}

TEST(CostsInParts, HaveATableWithTheirUnitAndTheEmptyFiring) {
    CostsInParts parts;
    parts.add(ended_amid("io.out8", {measured_result("io.in8", 1, 70)}));
    EXPECT_TRUE(parts.table().starts_with("# Cycles per firing ")) << parts.table();
    EXPECT_TRUE(parts.table().ends_with("# An empty firing costs 36 cycles; they are not subtracted.\n"))
        << parts.table();
    auto exact = complete({measured_result("msr.read-pat", 1, 80)});
    exact.circumstances.lane = "svm-icount";
    parts.add(exact);
    EXPECT_TRUE(parts.table().starts_with("# Instructions per firing ")) << parts.table();
    EXPECT_NE(parts.table().find("costs 36 instructions; they"), std::string::npos) << parts.table();
}

TEST(CostsInParts, AreMeasuredEvenIfTheLastTriggerEndsTheRun) {
    CostsInParts parts;
    parts.add(ended_amid("io.out8", {measured_result("io.in8", 1, 70)}));
    auto last = ended_amid("io.out16", {});
    last.circumstances.causes.findings.push_back({.id = "host-crashed"});
    parts.add(last);
    EXPECT_TRUE(parts.report().circumstances.causes.findings.empty());
    EXPECT_EQ(parts.report().verdict.text, "measured: 1 triggers, 2 skipped");
    EXPECT_EQ(parts.report().verdict.code, ExitCode::pass);
}

TEST(CostsInParts, ThatNoMoreHostBootsForAreNotMeasured) {
    CostsInParts parts;
    parts.add(ended_amid("io.out8", {measured_result("io.in8", 1, 70)}));
    parts.add(ended_amid("", {}));
    EXPECT_EQ(parts.report().verdict.code, ExitCode::could_not_run);
    EXPECT_EQ(parts.report().log.results.size(), 2U);
}

TEST(CostsInParts, OfNothingAreNotMeasured) {
    CostsInParts parts;
    parts.add(ended_amid("io.out8", {}));
    EXPECT_EQ(parts.report().verdict.code, ExitCode::could_not_run);
}

} // namespace
} // namespace exitaudit::test
