// Points of submissions, what is written of them, and a class's summary.
#include "diagnosis/causes.hpp"
#include "exitaudit/points/similarity.hpp"
#include "exitaudit/points/summary.hpp"
#include "exitaudit/support/exit_code.hpp"

#include <gtest/gtest.h>

#include <algorithm>

namespace exitaudit::points {
namespace {

using nlohmann::json;

json row(const std::string& verdict, const std::vector<std::string>& findings = {},
         const std::vector<std::string>& notes = {}) {
    json made{{"patch", "alice.patch"}, {"verdict", verdict},     {"findings", json::array()},
              {"notes", json::array()}, {"lanes", json::array()}, {"seconds", 60.0}};
    for (const auto& id : findings) made["findings"].push_back({{"id", id}, {"text", "text of " + id}});
    for (const auto& id : notes) made["notes"].push_back({{"id", id}, {"text", "text of " + id}});
    return made;
}

Rubric default_one() { return read_rubric("default"); }

const ItemScore& item(const Score& score, std::string_view name) {
    return *std::ranges::find(score.items, name, &ItemScore::name);
}

std::string refusal(const std::string& items) {
    try {
        parse_rubric(R"({"schema": 1, "kind": "rubric", "items": )" + items + "}", "r.json");
    } catch (const Error& error) {
        EXPECT_EQ(error.code, ExitCode::usage);
        return error.what();
    }
    return "taken";
}

TEST(Points, TheDefaultRubricHasEveryCauseThatIsAFinding) {
    const auto rubric = default_one();
    EXPECT_EQ(rubric.points(), 100);
    for (const auto& cause : diagnosis::causes()) {
        const auto has = [&](const Item& item) { return item.findings.contains(cause.name); };
        const bool by_terms = cause.name == "handler-only" || cause.name == "part-of-exit" ||
                              cause.name == "one-table" || cause.name == "leaf-missing";
        EXPECT_EQ(std::ranges::any_of(rubric.items, has), by_terms || cause.kind != diagnosis::Kind::note)
            << cause.name;
    }
}

TEST(Points, ARubricWithMistakesIsRefused) {
    EXPECT_EQ(refusal(R"([{"name": "a", "points": 5, "findings": {"lost-fastpth": 3}}])"),
              "r.json: item a: no finding is called 'lost-fastpth'; did you mean lost-fastpath?");
    EXPECT_EQ(refusal(R"([{"name": "a", "points": 5, "notes": {"host-wide": 3}}])").find("no note is called"),
              16U);
    EXPECT_EQ(refusal(R"([{"name": "a", "points": 5, "findings": {"hang": 6}}])"),
              "r.json: item a, hang: the points are \"all\" or a number from 0 to 5");
    EXPECT_NE(refusal(R"([{"name": "a", "points": 5, "finding": {}}])").find("no member is called 'finding'"),
              std::string::npos);
    EXPECT_EQ(refusal(R"([{"name": "a", "points": 5}, {"name": "a", "points": 5}])"),
              "r.json: two items are called a");
    EXPECT_EQ(refusal(R"([{"points": 5}])"), "r.json: an item has no name");
    EXPECT_EQ(refusal(R"([{"name": "a", "points": 5, "audits": ["smp.", "time.*"]}])"),
              "r.json: item a: no audit is called 'smp.'");
    EXPECT_EQ(refusal(R"([{"name": "a", "points": 5, "audits": [7]}])"),
              "r.json: item a: audits is a list of names or globs");
    EXPECT_EQ(refusal("[]"), "r.json gives no points");
    EXPECT_EQ(refusal("[7]"), "r.json: an item is no JSON object");
    EXPECT_EQ(refusal("["), "r.json is no JSON");
}

TEST(Points, EachItemSaysWhatItLost) {
    const auto score =
        score_of(row("fail", {"lost-fastpath", "lost-fastpath", "total-differs"}), default_one());
    EXPECT_EQ(score.points, 80);
    EXPECT_EQ(item(score, "counts").points, 10);
    EXPECT_EQ(item(score, "counts").feedback, "Lost 20 of 30 points: text of lost-fastpath (lost-fastpath); "
                                              "text of total-differs (total-differs).");
    EXPECT_EQ(item(score, "time").feedback, "No fault was found.");
    EXPECT_EQ(score_lines(score).at(0), "    score 80 of 100");
}

// A finding of another item may explain them: then this one could not be judged.
TEST(Points, AnItemWhoseAuditsFailLosesItsPoints) {
    auto given = row("fail", {"out-of-bounds"});
    const json results{{{"name", "time.window"}, {"verdict", "not ok"}},
                       {{"name", "time.definition"}, {"verdict", "not ok"}},
                       {{"name", "smp.soak"}, {"verdict", "ok"}},
                       {{"name", "ledger.undefined"}, {"verdict", "not ok"}}};
    const json findings{{{"id", "out-of-bounds"}, {"explains", {"time.window", "time.definition"}}}};
    for (const auto* lane : {"vmx", "svm"})
        given["lanes"].push_back(
            {{"lane", lane}, {"report", {{"results", results}, {"findings", findings}}}});
    auto score = score_of(given, default_one());
    EXPECT_EQ(item(score, "time").points, 0);
    EXPECT_EQ(item(score, "time").feedback, "Lost 15 of 15 points: 2 of its audits fail: see out-of-bounds.");
    EXPECT_EQ(item(score, "vcpus").feedback, "No fault was found.");
    EXPECT_EQ(item(score, "rules").feedback, "Lost 10 of 10 points: text of out-of-bounds (out-of-bounds).");
    given["findings"] = json::array();
    score = score_of(given, default_one());
    EXPECT_EQ(item(score, "rules").feedback, "Lost 10 of 10 points: 1 of its audits fails.");
    given["findings"] = {{{"id", "handler-only"}, {"text", "text"}}};
    EXPECT_EQ(item(score_of(given, default_one()), "time").points, 10);
}

TEST(Points, NoItemLosesMoreThanItHas) {
    const auto score = score_of(row("fail", {"vendor-not-patched", "lost-exits"}), default_one());
    EXPECT_EQ(item(score, "counts").points, 0);
    EXPECT_EQ(score.points, 45);
}

TEST(Points, ANoteCostsOnlyWhereTheRubricSaysSo) {
    const auto given = row("pass", {}, {"handler-only"});
    EXPECT_EQ(score_of(given, default_one()).points, 100);
    EXPECT_EQ(item(score_of(given, default_one()), "time").feedback,
              "No points are lost: text of handler-only (handler-only).");
    const auto strict = parse_rubric(R"({"schema": 1, "kind": "rubric", "items": [
        {"name": "time", "points": 4, "notes": {"handler-only": 2.5}}]})",
                                     "r.json");
    EXPECT_EQ(score_of(given, strict).points, 1.5);
}

TEST(Points, WhatWasNotAuditedEarnsNothingThatTakesAnAudit) {
    for (const auto* verdict : {"refused", "does-not-apply", "does-not-compile", "no-ledger"})
        EXPECT_EQ(score_of(row(verdict, {verdict}), default_one()).points, 0) << verdict;
    const auto silent = score_of(row("not-patched", {"not-patched"}), default_one());
    EXPECT_EQ(silent.points, 10);
    EXPECT_EQ(item(silent, "registers").feedback, "No ledger answers.");
}

TEST(Points, AHostThatCrashesLaterKeepsWhatTheMainRunEarned) {
    auto crashed = row("crashes", {"host-crashed"});
    crashed["lanes"].push_back({{"lane", "svm"}, {"report", {{"end", nullptr}, {"crashed", true}}}});
    EXPECT_EQ(score_of(crashed, default_one()).points, 10);
    crashed["lanes"][0]["report"] = {{"end", {{"verdict", "pass"}}}, {"crashed", false}};
    EXPECT_EQ(score_of(crashed, default_one()).points, 85);
}

TEST(Points, WhatTheTermsFailCostsPoints) {
    const auto strict = score_of(row("fail", {"one-table", "leaf-missing", "handler-only"}), default_one());
    EXPECT_EQ(strict.points, 80);
}

// An error elsewhere may come of how the lines were taken.
TEST(Points, WholeFilesThatDoNotBuildHaveAScoreIfTheErrorIsTheirs) {
    EXPECT_EQ(score_of(row("could-not-build", {"does-not-compile", "could-not-build"}), default_one()).points,
              0);
    EXPECT_FALSE(score_of(row("could-not-build", {"could-not-build"}), default_one()).points);
    EXPECT_EQ(exit_code_of(json::array({row("could-not-build", {"does-not-compile"})})), 1);
    EXPECT_EQ(exit_code_of(json::array({row("could-not-build", {"could-not-build"})})), 3);
}

TEST(Points, WhatCouldNotBeGradedHasNoScore) {
    const auto given = row("could-not-grade", {"could-not-grade"});
    const auto score = score_of(given, default_one());
    EXPECT_FALSE(score.points);
    EXPECT_EQ(item(score, "builds").feedback, "It could not be graded: text of could-not-grade.");
    EXPECT_TRUE(score_document(score)["score"].is_null());
    EXPECT_FALSE(gradescope_document(given, score).contains("score"));
    EXPECT_FALSE(gradescope_document(given, score).contains("tests"));
    const auto classroom = classroom_document(given, score);
    EXPECT_EQ(classroom["status"], "error");
    EXPECT_EQ(classroom["max_score"], 0);
    EXPECT_FALSE(classroom["tests"][0].contains("score"));
    EXPECT_NE(grade_book(json::array({given}), default_one())
                  .find("\r\nalice.patch,could-not-grade,,,,,,,,,,could-not-grade,"),
              std::string::npos);
}

TEST(Points, PlatformsGetEachItemAsATest) {
    const auto given = row("fail", {"slow-query"}, {"one-table"});
    const auto score = score_of(given, default_one());
    const auto gradescope = gradescope_document(given, score), classroom = classroom_document(given, score);
    EXPECT_EQ(gradescope["score"], 95);
    EXPECT_EQ(gradescope["output"],
              "Verdict: fail\ntext of slow-query [slow-query]\nNote: text of one-table [one-table]");
    const json quiet{{"name", "The host keeps running, without noise in its log"},
                     {"score", 0},
                     {"max_score", 5},
                     {"output", "Lost 5 of 5 points: text of slow-query (slow-query)."},
                     {"visibility", "visible"}};
    EXPECT_EQ(gradescope["tests"][7], quiet);
    EXPECT_EQ(classroom["version"], 1);
    EXPECT_EQ(classroom["status"], "fail");
    EXPECT_EQ(classroom["max_score"], 100);
    EXPECT_EQ(classroom["tests"][7]["status"], "fail");
    EXPECT_EQ(classroom["tests"][7]["score"], 0);
    EXPECT_EQ(classroom["tests"][0]["status"], "pass");
}

TEST(Points, TheGradeBookIsQuotedAndRunsNoFormula) {
    auto given = row("pass");
    given["patch"] = "=cmd|' /C calc'!A0,\"x\"";
    EXPECT_EQ(grade_book(json::array({given}), default_one()),
              "name,verdict,score,builds,leaves,counts,time,rules,registers,vcpus,quiet,finding,feedback\r\n"
              "\"'=cmd|' /C calc'!A0,\"\"x\"\"\",pass,100,10,15,30,15,10,5,10,5,,No points are lost.\r\n");
}

TEST(Points, FilesForOneSubmissionAreNotForTwo) {
    EXPECT_THROW(check({.gradescope = "."}, 2), Error);
    EXPECT_THROW(check({.classroom = "c.json"}, 0), Error);
    EXPECT_NO_THROW(check({.csv = "c.csv"}, 2));
    EXPECT_THROW(check({.csv = "nosuch/c.csv"}, 1), Error);
}

const std::vector<std::string> counter{"static atomic64_t exits[75];",
                                       "int count_exit(struct kvm_vcpu *vcpu, u32 reason)",
                                       "{",
                                       "\tif (reason >= 75) /* undefined */",
                                       "\t\treturn -1;",
                                       "\tatomic64_inc(&exits[reason]);",
                                       "\tvcpu->arch.started[reason] += rdtsc() - vcpu->arch.entered;",
                                       "\treturn 0;",
                                       "}",
                                       "int answer(struct kvm_vcpu *vcpu, u32 leaf, u32 *eax, u32 *ebx)",
                                       "{",
                                       "\tswitch (leaf) {",
                                       "\tcase 0x4fffffff:",
                                       "\t\t*eax = atomic64_read(&exits[*ebx]);",
                                       "\t\tbreak;",
                                       "\tdefault:",
                                       "\t\treturn 1;",
                                       "\t}",
                                       "\treturn 0;",
                                       "}"};

TEST(Similarity, RenamingAndCommentsHideNothing) {
    auto renamed = counter;
    for (auto& line : renamed)
        for (const std::string from : {"exits", "reason", "vcpu", "leaf"})
            for (auto at = line.find(from); at != std::string::npos; at = line.find(from, at + 4))
                line.replace(at, from.size(), "q" + from.substr(0, 3));
    renamed[3] = "  if ( qrea >= 75 )  // a new";
    renamed.insert(renamed.begin(), {"/* mine", " * alone */"});
    EXPECT_NE(renamed, counter);
    EXPECT_EQ(similarity(fingerprints(counter), fingerprints(renamed)), 100);
}

TEST(Similarity, OfOtherCodeIsLow) {
    std::vector<std::string> other{"void note_exit(struct kvm_vcpu *v)",
                                   "{",
                                   "\tunsigned long flags;",
                                   "\tspin_lock_irqsave(&v->kvm->table_lock, flags);",
                                   "\tfor (i = 0; i < ARRAY_SIZE(rows); i++)",
                                   "\t\tif (rows[i].number == v->exit)",
                                   "\t\t\trows[i].seen++;",
                                   "\tspin_unlock_irqrestore(&v->kvm->table_lock, flags);",
                                   "}"};
    EXPECT_GE(fingerprints(other).size(), 12U);
    EXPECT_LT(similarity(fingerprints(counter), fingerprints(other)), 20);
    EXPECT_EQ(similarity(fingerprints({"a = b;"}), fingerprints({"a = b;"})), 0);
}

TEST(Summary, CountsFaultsVerdictsAndScores) {
    auto same = row("fail", {"lost-exits", "lost-exits"});
    same["patch"] = "bob.patch";
    same["added"] = counter;
    auto first = row("fail", {"lost-exits", "slow-query"});
    first["added"] = counter;
    const auto summary =
        summary_of({first, same, row("pass"), row("could-not-grade", {"could-not-grade"})}, default_one());
    EXPECT_EQ(summary["verdicts"], (json{{"fail", 2}, {"pass", 1}, {"could-not-grade", 1}}));
    EXPECT_EQ(summary["findings"][0]["id"], "lost-exits");
    EXPECT_EQ(summary["findings"][0]["submissions"], 2);
    EXPECT_NEAR(summary["findings"][0]["share"].get<double>(), 200.0 / 3, 1e-9);
    EXPECT_EQ(summary["findings"].size(), 2U);
    EXPECT_EQ(summary["scores"]["scored"], 3);
    EXPECT_EQ(summary["scores"]["median"], 90);
    EXPECT_NEAR(summary["scores"]["mean"].get<double>(), 275.0 / 3, 1e-9);
    ASSERT_EQ(summary["similar"].size(), 1U);
    EXPECT_EQ(summary["similar"][0]["submissions"], (json{"alice.patch", "bob.patch"}));
    EXPECT_EQ(summary_lines(summary).back(), "100 %  alice.patch and bob.patch");
}

TEST(Summary, OfNothingHasNoMean) {
    const auto summary = summary_of(json::array({row("could-not-grade")}), default_one());
    EXPECT_TRUE(summary["scores"]["mean"].is_null());
    EXPECT_EQ(summary_lines(summary).at(1), "score: none could be graded");
}

TEST(Summary, KeepsRowsOfOneNameApart) {
    const json grade{{"kind", "grade"}, {"kernel", "6.1"}, {"rows", json::array({row("pass")})}};
    EXPECT_EQ(merged({{"a.json", grade}})["rows"][0]["patch"], "alice.patch");
    const auto both = merged({{"a.json", grade}, {"b.json", grade}});
    EXPECT_EQ(both["rows"][1]["patch"], "b.json: alice.patch");
    EXPECT_EQ(both["kernel"], "6.1");
    EXPECT_EQ(both["exit_code"], 0);
    EXPECT_THROW(merged({{"r.json", {{"kind", "run"}}}}), Error);
}

} // namespace
} // namespace exitaudit::points
