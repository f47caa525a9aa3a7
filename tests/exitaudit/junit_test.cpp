// The XML for continuous integration, read back.
#include "exitaudit/documents/document.hpp"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>
#include <pugixml.hpp>

namespace exitaudit::test {
namespace {

using nlohmann::json;

pugi::xml_document parsed(const json& document) {
    pugi::xml_document xml;
    const auto text = junit_document(document);
    const auto result = xml.load_string(text.c_str());
    EXPECT_TRUE(result) << result.description();
    return xml;
}

json failing_run() {
    return json::parse(
        R"({"schema": 1, "kind": "run", "lane": "svm", "seconds": 9.5, "verdict": "fail", "message": "fail: 1 passed",
        "kernel": "Linux 6.1",
        "results": [{"name": "io.out8", "verdict": "ok", "message": "200 exits"},
                    {"name": "hlt.timer", "verdict": "not ok", "message": "expected <100> & \"more\"", "diagnosis": "not counted"},
                    {"name": "instr.rdseed", "verdict": "skip", "message": "no RDSEED"}],
        "host": [{"name": "host.tracepoint", "verdict": "not ok", "message": "differs", "table": ["0x78 1 2 -1"]}],
        "findings": [{"id": "lost-exits", "text": "HLT exits are lost", "explains": ["hlt.timer"]}]})");
}

TEST(Junit, HasATestcaseForEachResult) {
    const auto xml = parsed(failing_run());
    const auto suite = xml.child("testsuites").child("testsuite");
    EXPECT_STREQ(suite.attribute("name").value(), "exitaudit svm");
    EXPECT_EQ(suite.attribute("tests").as_int(), 4);
    EXPECT_EQ(suite.attribute("failures").as_int(), 2);
    EXPECT_EQ(suite.attribute("errors").as_int(), 0);
    EXPECT_EQ(suite.attribute("skipped").as_int(), 1);
    EXPECT_STREQ(suite.attribute("time").value(), "9.500");
    const auto cases = suite.children("testcase");
    EXPECT_EQ(std::distance(cases.begin(), cases.end()), 4);
    EXPECT_STREQ(suite.child("testcase").attribute("classname").value(), "exitaudit.svm.io");
}

TEST(Junit, AFailureCarriesDiagnosisTableAndFinding) {
    const auto xml = parsed(failing_run());
    const auto suite = xml.child("testsuites").child("testsuite");
    const auto failure = suite.find_child_by_attribute("testcase", "name", "hlt.timer").child("failure");
    EXPECT_STREQ(failure.attribute("message").value(), "expected <100> & \"more\"");
    EXPECT_STREQ(
        failure.text().get(),
        "expected <100> & \"more\"\ndiagnosis: not counted\nfinding: lost-exits: HLT exits are lost");
    const auto host = suite.find_child_by_attribute("testcase", "name", "host.tracepoint").child("failure");
    EXPECT_STREQ(host.text().get(), "differs\n0x78 1 2 -1");
}

TEST(Junit, AVerdictThatNoResultExplainsHasATestcase) {
    const auto outcome = [](const char* verdict) {
        const auto xml =
            parsed({{"kind", "run"}, {"verdict", verdict}, {"message", "why"}, {"results", json::array()}});
        return std::string(xml.child("testsuites").child("testsuite").child("testcase").first_child().name());
    };
    EXPECT_EQ(outcome("could-not-run"), "error");
    EXPECT_EQ(outcome("fail"), "failure"); // the kernel's complaint
    EXPECT_EQ(outcome("not-patched"), "skipped");
    const auto passed = parsed({{"kind", "run"}, {"verdict", "pass"}});
    EXPECT_FALSE(passed.child("testsuites").child("testsuite").child("testcase"));
}

TEST(Junit, WritesNoCharacterThatXmlForbids) {
    const auto xml =
        parsed({{"kind", "run"}, {"verdict", "could-not-run"}, {"message", "bell \a and escape \x1b"}});
    const auto error = xml.child("testsuites").child("testsuite").child("testcase").child("error");
    EXPECT_STREQ(error.attribute("message").value(), "bell ? and escape ?");
}

TEST(Junit, OfAGradeHasSuitesForPatchesAndTheirRuns) {
    auto run = failing_run();
    const json document{{"kind", "grade"},
                        {"rows",
                         {{{"patch", "a.patch"},
                           {"builds", true},
                           {"verdict", "fail"},
                           {"lanes", {{{"lane", "svm"}, {"report", run}}}}},
                          {{"patch", "b.patch"},
                           {"builds", false},
                           {"verdict", "does-not-compile"},
                           {"findings", {{{"id", "no-build"}, {"text", "no ;"}}}}}}}};
    const auto xml = parsed(document);
    auto suite = xml.child("testsuites").child("testsuite");
    EXPECT_STREQ(suite.attribute("name").value(), "a.patch");
    EXPECT_EQ(suite.attribute("failures").as_int(), 1);
    suite = suite.next_sibling();
    EXPECT_STREQ(suite.attribute("name").value(), "a.patch (svm)");
    suite = suite.next_sibling();
    EXPECT_STREQ(suite.child("testcase").child("failure").text().get(), "no-build: no ;\n");
    EXPECT_EQ(suite.attribute("tests").as_int(), 2);
    EXPECT_EQ(suite.attribute("failures").as_int(), 2);
}

} // namespace
} // namespace exitaudit::test
