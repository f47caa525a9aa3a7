// What grade makes of the runs' documents.
#include "exitaudit/grade/audit.hpp"
#include "exitaudit/grade/rounds.hpp"

#include <gtest/gtest.h>

using namespace exitaudit::grade;
using nlohmann::json;

namespace {

json report(const char* verdict, double seconds = 20)
{
    return {{"verdict", verdict},
            {"message", "a message"},
            {"kernel", "Linux 6.1"},
            {"seconds", seconds},
            {"run", {{"layout", "F22"}, {"sdm", 70U}}}};
}

json out_of_time(double seconds)
{
    auto document = report("could-not-run", seconds);
    document["timed_out"] = true;
    document["findings"] = {{{"id", "hang"}, {"text", "the guest hangs"}}};
    document["console"] = {"one", "BUG: soft lockup", "two"};
    return document;
}

json surplus()
{
    auto document = report("fail");
    document["results"] = {{{"name", "cpuid.leaf0"},
                            {"verdict", "not ok"},
                            {"caused", 400},
                            {"told", 648},
                            {"message", "too many"}}};
    document["unexplained"] = {"cpuid.leaf0"};
    return document;
}

}

TEST(Grade, ReadsFindingsNotesAndTheLayout)
{
    auto document = surplus();
    document["notes"] = {{{"id", "handler-only"}, {"text", "another definition"}}};
    const auto audit = read_report("vmx", document, false);
    EXPECT_EQ(audit.verdict, "fail");
    EXPECT_EQ(audit.layout, "F22");
    EXPECT_EQ(audit.edition, "70");
    ASSERT_EQ(audit.findings.size(), 1u);
    EXPECT_EQ(audit.findings[0].id, "unexplained");
    EXPECT_EQ(audit.findings[0].text, "cpuid.leaf0: too many");
    ASSERT_EQ(audit.notes.size(), 1u);
    EXPECT_EQ(audit.notes[0].id, "handler-only");
}

TEST(Grade, TellsAHangFromWantOfTime)
{
    const auto silent = read_report("svm", out_of_time(90), false);
    EXPECT_EQ(silent.verdict, "hangs");
    EXPECT_EQ(silent.findings.at(0).text, "the guest hangs; its console: BUG: soft lockup");
    const auto at_work = read_report("svm", out_of_time(90), true);
    EXPECT_EQ(at_work.verdict, "could-not-grade");
    EXPECT_EQ(at_work.findings.at(0).id, "too-slow");
}

TEST(Grade, KeepsACrashFromPassingForAHang)
{
    auto document = out_of_time(90);
    document["complaint"] = "BUG: kernel NULL pointer dereference";
    EXPECT_EQ(read_report("svm", document, false).verdict, "crashes");
}

TEST(Grade, CallsAHostThatCrashedUnderAnAuditSo)
{
    auto document = report("fail");
    document["crashed"] = true;
    document["trouble"] = "the embedded host ended before its guest: it crashed";
    document["findings"] = {{{"id", "host-complaint"}, {"text", "the host's kernel complained"}}};
    const auto audit = read_report("svm", document, false);
    EXPECT_EQ(audit.verdict, "crashes");
    EXPECT_EQ(audit.findings.at(0).id, "host-complaint");
}

TEST(Grade, BlamesNoPatchForADocumentThatIsNone)
{
    EXPECT_EQ(read_report("svm", json(), false).verdict, "could-not-grade");
}

TEST(Grade, FindsAnotherVmsExitsInTheLaterRun)
{
    auto audit = read_report("vmx", report("pass"), false);
    add_news(audit, read_report("vmx", surplus(), false));
    EXPECT_EQ(audit.verdict, "fail");
    ASSERT_EQ(audit.findings.size(), 1u);
    EXPECT_EQ(audit.findings[0].id, "host-wide");
}

TEST(Grade, SaysOnceThatTheCountersAreTheHosts)
{
    auto first = report("fail");
    first["findings"] = {{{"id", "host-wide"}, {"text", "with one vCPU"}}};
    auto audit = read_report("vmx", first, false);
    add_news(audit, read_report("vmx", surplus(), false));
    ASSERT_EQ(audit.findings.size(), 1u);
    EXPECT_EQ(audit.findings[0].text, "with one vCPU");
}

TEST(Grade, CallsAHurriedLaterRunNotTried)
{
    auto audit = read_report("vmx", report("pass", 50), false);
    add_news(audit, read_report("vmx", out_of_time(30), false));
    EXPECT_EQ(audit.verdict, "pass");
    EXPECT_EQ(audit.notes.at(0).id, "not-tried");
    add_news(audit, read_report("vmx", out_of_time(100), false));
    EXPECT_EQ(audit.verdict, "hangs");
}
