// The judge: what it believes, and above all what it does not.
#include "logs.hpp"

#include "exitaudit/documents/document.hpp"

#include <gtest/gtest.h>

namespace exitaudit::test {
namespace {

using testing::Test;

void expect_inconsistent(const std::string& text, std::string_view why) {
    const auto verdict = judged(text);
    EXPECT_EQ(verdict.code, ExitCode::could_not_run);
    EXPECT_FALSE(verdict.complete);
    EXPECT_NE(verdict.text.find("log inconsistent"), std::string::npos) << verdict.text;
    EXPECT_NE(verdict.text.find(why), std::string::npos) << verdict.text;
}

std::string failing_log() {
    auto text = with(good_log, "ok 3 ledger.undefined # 31 exit numbers",
                     "not ok 3 ledger.undefined # 30 of 31\n# diagnosis: a stale edition of the manual");
    text = with(text, R"("verdict":"ok","message":"31)", R"("verdict":"not ok","message":"30)");
    text =
        with(text, R"("verdict":"pass","passed":2,"failed":0)", R"("verdict":"fail","passed":1,"failed":1)");
    return with(text, "verdict: pass: 2 passed, 0 failed", "verdict: fail: 1 passed, 1 failed");
}

std::string ended_with(std::string_view verdict) {
    return "KTAP version 1\n#json {\"record\":\"run\",\"results\":0}\n1..0\n#json "
           "{\"record\":\"end\",\"verdict\":\"" +
           std::string(verdict) + "\",\"passed\":0,\"failed\":0,\"skipped\":0,\"message\":\"because\"}\n";
}

TEST(Judge, PassesAGoodLog) {
    const auto verdict = judged(good_log);
    EXPECT_EQ(verdict.code, ExitCode::pass);
    EXPECT_TRUE(verdict.complete);
    EXPECT_EQ(verdict.text, "pass: 2 passed, 0 failed, 1 skipped");
}

TEST(Judge, SaysNothingOfCountsWhereCostsAreMeasured) {
    const auto verdict = judged(with(good_log, R"("ledger":1)", R"("costs":1)"));
    EXPECT_EQ(verdict.code, ExitCode::pass);
    EXPECT_EQ(verdict.text, "measured: 2 triggers, 1 skipped");
}

TEST(Judge, FailsOnAFailedResultAndTellsItsDiagnosis) {
    EXPECT_EQ(judged(failing_log()).code, ExitCode::audit_failed);
    EXPECT_EQ(judged(failing_log()).text, "fail: 1 passed, 1 failed, 1 skipped");
    EXPECT_EQ(failure_lines(read(failing_log())),
              std::vector<std::string>{"failed: ledger.undefined: 30 of 31; a stale edition of the manual"});
}

TEST(Judge, SkippedIsNotPassed) {
    EXPECT_EQ(read(good_log).recount(), (Counts{2, 0, 1}));
    EXPECT_EQ(read("KTAP version 1\nnot ok 1 a # SKIP no excuse\n").recount(), (Counts{0, 1, 0}));
}

TEST(Judge, EndsWithoutAnAudit) {
    EXPECT_EQ(judged(ended_with("not-patched")).code, ExitCode::not_patched);
    EXPECT_EQ(judged(ended_with("not-patched")).text, "not patched: because");
    EXPECT_EQ(judged(ended_with("skipped")).code, ExitCode::could_not_run);
    EXPECT_EQ(judged(ended_with("usage")).code, ExitCode::usage);
    EXPECT_EQ(judged(without(ended_with("usage"), "\"run\"")).code, ExitCode::usage);
    EXPECT_EQ(judged(ended_with("died")).code, ExitCode::could_not_run);
}

TEST(Judge, LeavesAGuestThatEndsItselfToTheHostsInstruments) {
    const std::string text = "KTAP version 1\n#json {\"record\":\"run\",\"results\":1}\n1..1\n"
                             "#json {\"record\":\"one-shot\",\"name\":\"fatal.triple-fault\",\"exit\":127}\n";
    EXPECT_EQ(judged(text).code, ExitCode::could_not_run);
    EXPECT_NE(judged(text).text.find("fatal.triple-fault ends the guest"), std::string::npos);
    EXPECT_EQ(judge_one_shot(read(text), Outcome::ok, "").code, ExitCode::pass);
    EXPECT_EQ(judge_one_shot(read(text), Outcome::ok, "").text, "pass: 1 passed, 0 failed, 0 skipped");
    EXPECT_EQ(judge_one_shot(read(text), Outcome::not_ok, "").code, ExitCode::audit_failed);
    EXPECT_NE(judge_one_shot(read(text), Outcome::skip, "because").text.find(": because"), std::string::npos);

    const auto survived =
        text + "#json {\"record\":\"end\",\"verdict\":\"pass\",\"passed\":1,\"failed\":0,\"skipped\":0}\n";
    expect_inconsistent(survived, "went on");
    EXPECT_EQ(judge_one_shot(read(survived), Outcome::ok, "").code, ExitCode::could_not_run);
}

TEST(Judge, CutOffAnywhereIsNeverAVerdict) {
    const auto end = good_log.find("#json {\"record\":\"end\"");
    const auto record_complete = good_log.find('\n', end);
    for (std::size_t size = 0; size <= record_complete; ++size) {
        const auto verdict = judged(good_log.substr(0, size));
        ASSERT_EQ(verdict.code, ExitCode::could_not_run) << size;
        ASSERT_FALSE(verdict.complete) << size;
    }
    EXPECT_NE(judged(good_log.substr(0, end)).text.find("cut off"), std::string::npos);
    EXPECT_EQ(judged(good_log.substr(0, record_complete + 1)).code, ExitCode::pass);
}

TEST(Judge, AnEmptyLogSaysThatNothingBooted) {
    EXPECT_NE(judged("").text.find("did the guest boot"), std::string::npos);
    EXPECT_NE(judged("SeaBIOS (version 1.16.2)\nBooting...\n").text.find("did the guest boot"),
              std::string::npos);
}

TEST(Judge, ReadsCarriageReturns) {
    std::string text;
    for (const char c : good_log) text += c == '\n' ? std::string("\r\n") : std::string(1, c);
    EXPECT_EQ(judged(text).code, ExitCode::pass);
}

TEST(Judge, SkipsWhatFirmwareWroteBefore) {
    const std::string firmware =
        "\x1b"
        "c\x1b[?7l\x1b[2J\x1b[0mSeaBIOS (version 1.16.2-debian)\r\n\r\nok 1 not a result\r\n"
        "Booting from ROM..\x1b[1;1H\x1b[2J";
    EXPECT_EQ(judged(firmware + good_log).code, ExitCode::pass);
    EXPECT_EQ(read(firmware + good_log).results.size(), 3U);
}

TEST(Judge, ReadsEitherFormAlone) {
    EXPECT_EQ(judged(without(good_log, "\"result\"")).code, ExitCode::pass);
    auto records = without(without(good_log, "ok 1"), "KTAP");
    records = without(without(without(records, "ok 2 "), "ok 3"), "1..3");
    EXPECT_EQ(judged(records).code, ExitCode::pass);
    EXPECT_EQ(judged(without(records, "\"number\":2")).code, ExitCode::could_not_run);
    EXPECT_EQ(judged(without(records, "\"result\"")).code,
              ExitCode::pass); // format=table: nothing to count again
}

TEST(Judge, SaysWhereRecordsAreLeftOut) {
    EXPECT_NE(judged(without(good_log, "#json")).text.find("#json lines are missing"), std::string::npos);
}

TEST(Judge, TakesTheHostsOwnAuditsForNoResults) {
    const auto log =
        read(std::string(good_log) + "ok host.stats # 4 agree\nnot ok host.tracepoint # differ\n");
    EXPECT_EQ(log.results.size(), 3U);
    EXPECT_EQ(log.contradiction, "");
    ASSERT_EQ(log.host.size(), 2U);
    EXPECT_EQ(log.host[1].name, "host.tracepoint");
    EXPECT_EQ(log.host[1].outcome, Outcome::not_ok);
}

TEST(Judge, RefusesContradictoryCounts) {
    expect_inconsistent(with(good_log, "1..3", "1..4"), "plan line says 4");
    expect_inconsistent(with(good_log, "\"results\":3", "\"results\":2"), "run record says 2");
    expect_inconsistent(with(good_log, "\"passed\":2", "\"passed\":3"), "end record says 3 passed");
    expect_inconsistent(
        with(good_log, ": 2 passed, 0 failed, 1 skipped\n", ": 3 passed, 0 failed, 1 skipped\n"),
        "last line");
    expect_inconsistent(without(without(good_log, "ok 2 "), "\"number\":2"), "end record says");
    expect_inconsistent(with(good_log, "\"passed\":2,\"failed\":0,\"skipped\":1", "\"passed\":2"),
                        "lacks its counts");
}

TEST(Judge, RefusesContradictoryResults) {
    expect_inconsistent(with(good_log, "ok 1 io.out8", "not ok 1 io.out8"), "result 1");
    expect_inconsistent(with(good_log, "ok 1 io.out8", "ok 1 io.in8"), "io.in8");
    expect_inconsistent(with(good_log, "ok 2 ", "ok 1 "), "comes twice");
    expect_inconsistent(with(good_log, "ok 1 io", "ok io"), "without a number");
    expect_inconsistent(with(good_log, "{\"record\":\"result\",\"number\":1", "{\"record\":\"result\",,"),
                        "unreadable");
}

TEST(Judge, RefusesAVerdictThatItsResultsDeny) {
    expect_inconsistent(with(failing_log(), "\"verdict\":\"fail\"", "\"verdict\":\"pass\""),
                        "says pass and 1 failed");
    expect_inconsistent(with(good_log, "\"verdict\":\"pass\"", "\"verdict\":\"fail\""),
                        "says fail and 0 failed");
    expect_inconsistent(with(good_log, "\"verdict\":\"pass\"", "\"verdict\":\"fine\""), "unknown verdict");
    expect_inconsistent(ended_with("pass"), "no results");
    expect_inconsistent(without(good_log, "\"run\""), "no run record");
}

TEST(Judge, RefusesAGuestThatStartedTwice) { expect_inconsistent(good_log + good_log, "a second time"); }

TEST(Judge, ComparesTheExitStatus) {
    EXPECT_EQ(judge_with_status(read(good_log), "", 0x10).code, ExitCode::pass);
    EXPECT_EQ(judge_with_status(read(good_log), "", 0x11).code, ExitCode::could_not_run);
    EXPECT_EQ(judge_with_status(read(failing_log()), "", 0x10).code, ExitCode::could_not_run);
    EXPECT_EQ(judge_with_status(read(failing_log()), "", 0x11).code, ExitCode::audit_failed);
}

TEST(Report, NamesTheCircumstancesItKnows) {
    const auto verdict = judged(good_log);
    EXPECT_EQ(verdict_line(verdict, {}), "pass: 2 passed, 0 failed, 1 skipped");
    EXPECT_EQ(verdict_line(verdict, {"svm", "Linux 6.1", "7.2.22", 5.06}),
              "pass: 2 passed, 0 failed, 1 skipped (svm lane, Linux 6.1, QEMU 7.2.22, 5.1 s)");
}

TEST(Report, WritesOneDocument) {
    const auto document = run_document(read(failing_log()), judged(failing_log()), {"svm", "", "", {}});
    EXPECT_EQ(document["verdict"], "fail");
    EXPECT_EQ(document["exit_code"], 1);
    EXPECT_EQ(document["run"]["plan"], "all");
    EXPECT_EQ(document["results"].size(), 3U);
    EXPECT_EQ(document["results"][2]["verdict"], "not ok");
    EXPECT_EQ(document["results"][2]["diagnosis"], "a stale edition of the manual");
    EXPECT_TRUE(document["kernel"].is_null());
}

} // namespace
} // namespace exitaudit::test
