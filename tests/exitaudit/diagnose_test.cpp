// What the host's instruments add to the guest's findings, and how the two are joined.
#include "exitaudit/witness/diagnose.hpp"
#include "logs.hpp"
#include "exitaudit/witness/witness.hpp"

#include <gtest/gtest.h>

namespace exitaudit::test {
namespace {

// A comparison with the tracepoint on AMD: exit number, ledger, tracepoint.
HostResult compared(std::initializer_list<std::tuple<unsigned, unsigned, unsigned>> rows) {
    Witness witness;
    witness.line("vendor kvm-amd");
    unsigned told_total = 0;
    for (const auto& [exit, told, seen] : rows) {
        witness.line("ledger " + std::to_string(exit) + " " + std::to_string(told) + " 1 1 1 1");
        witness.line("trace { common_pid: 7, exit_reason: " + std::to_string(exit) +
                     " } hitcount: " + std::to_string(seen));
        told_total += told;
    }
    witness.line("ledger total " + std::to_string(told_total) + " 1 1 1 1");
    return witness.results().front();
}

std::vector<std::string> ids(const std::vector<Finding>& findings) {
    std::vector<std::string> all;
    for (const auto& finding : findings) all.push_back(finding.id);
    return all;
}

using Ids = std::vector<std::string>;

std::vector<Finding> causes(const Log& log, const std::vector<HostResult>& host, const HostState& state) {
    return diagnose(log, host, state).findings;
}

std::string log_with_finding(const std::string& id) {
    return with(good_log, "#json {\"record\":\"end\"",
                "#json {\"record\":\"finding\",\"id\":\"" + id +
                    "\",\"text\":\"because\",\"explains\":[\"io.out8\"]}\n# finding: " + id +
                    ": because\n#json {\"record\":\"end\"");
}

TEST(HostFindings, OfAnHonestHostAreNone) {
    const auto host = std::vector{compared({{0x72, 100, 100}, {0x7b, 5, 5}})};
    EXPECT_EQ(ids(causes(read(good_log), host, {})), Ids{});
    EXPECT_EQ(diagnose(read(good_log), host, {}).unexplained, Ids{});
}

TEST(HostFindings, NameWhatTheRowsShow) {
    EXPECT_EQ(ids(causes({}, {compared({{0x72, 100, 100}, {0x7c, 0, 50}, {0x78, 0, 7}})}, {})),
              Ids{"retpoline-shortcut"});
    EXPECT_EQ(ids(causes({}, {compared({{0x72, 100, 100}, {0x7b, 100, 50}})}, {})), Ids{"counted-twice"});
    EXPECT_EQ(ids(causes({}, {compared({{0x72, 100, 100}, {0x7b, 0, 50}, {0x89, 60, 10}})}, {})),
              Ids{"shared-slot"});
    const auto lost = causes({}, {compared({{0x72, 99, 100}, {0x7b, 49, 50}})}, {});
    EXPECT_EQ(ids(lost), Ids{"lost-exits"});
    EXPECT_NE(lost[0].text.find("lacks 2 of 150 exits"), std::string::npos) << lost[0].text;
    EXPECT_EQ(lost[0].explains, Ids{"host.tracepoint"});
    EXPECT_EQ(lost[0].source, "host");
}

TEST(HostFindings, AreJoinedWithTheGuests) {
    const auto lost = compared({{0x72, 100, 100}, {0x7c, 0, 50}});
    const auto findings = causes(read(log_with_finding("retpoline-shortcut")), {lost}, {});
    ASSERT_EQ(ids(findings), Ids{"retpoline-shortcut"});
    EXPECT_EQ(findings[0].source, "guest");
    EXPECT_EQ(findings[0].explains, (Ids{"io.out8", "host.tracepoint"}));

    // What the guest found does not explain that I/O is lost.
    const auto more = compared({{0x72, 100, 100}, {0x7b, 40, 50}});
    EXPECT_EQ(ids(causes(read(log_with_finding("retpoline-shortcut")), {more}, {})),
              (Ids{"retpoline-shortcut", "lost-exits"}));
}

TEST(HostFindings, NameTheKernelsComplaints) {
    HostState state;
    state.complaint = "UBSAN: array-index-out-of-bounds in cpuid.c:7";
    EXPECT_EQ(ids(causes({}, {}, state)), Ids{"out-of-bounds"});
    state.complaint = "BUG: unable to handle page fault for address: ffff";
    EXPECT_EQ(ids(causes({}, {}, state)), Ids{"host-complaint"});
    state.place = "kvm_emulate_cpuid+0x1/0x2";
    EXPECT_EQ(ids(causes({}, {}, state)), Ids{"out-of-bounds"});
    state.complaint = "WARNING: CPU: 0 PID: 1 at kvm_main.c:1";
    EXPECT_EQ(ids(causes({}, {}, state)), Ids{"host-complaint"});
}

TEST(HostFindings, NameHangsCrashesAndFloods) {
    HostState state;
    state.crash = "the embedded host ended before its guest: it crashed";
    EXPECT_EQ(ids(causes({}, {}, state)), Ids{"host-crashed"});
    state = {};
    state.hang = "no end within 5 s";
    const auto hang = causes(read(good_log.substr(0, 200)), {}, state);
    ASSERT_EQ(ids(hang), Ids{"hang"});
    EXPECT_NE(hang[0].text.find("last line"), std::string::npos);
    state.stall = "BUG: soft lockup, at handle_halt";
    EXPECT_NE(
        causes({}, {}, state).at(0).text.find("the host's kernel: \"BUG: soft lockup, at handle_halt\""),
        std::string::npos);
    state.console_lines = 5000;
    EXPECT_EQ(ids(causes({}, {}, state)), Ids{"slow-query"});
    state = {};
    state.unanswered = true;
    EXPECT_EQ(ids(causes({}, {}, state)), Ids{"answer-overwritten"});
}

std::vector<HostResult> logged(unsigned lines) {
    Witness witness;
    witness.line("trace { common_pid: 7, exit_reason: 114 } hitcount: 5000");
    witness.line("kmsg 12,300,1,-;audit begins");
    witness.line("kmsg 12," + std::to_string(301 + lines) + ",2,-;audit ends");
    return witness.results();
}

TEST(HostFindings, NameAFloodOfTheKernelsLog) {
    EXPECT_EQ(ids(causes({}, logged(20), {})), Ids{});
    EXPECT_EQ(logged(20).back().message, "the kernel logged 20 lines while the guest took 5000 exits");
    EXPECT_EQ(ids(causes({}, logged(4000), {})), Ids{"slow-query"});
}

TEST(HostFindings, LeaveWhatNothingExplains) {
    auto text = with(good_log, "ok 3 ledger.undefined", "not ok 3 ledger.undefined");
    text = with(text, R"("verdict":"ok","message":"31)", R"("verdict":"not ok","message":"31)");
    auto log = read(text);
    auto left = diagnose(log, {{"host.stats", Outcome::not_ok, "", {}}}, {}).unexplained;
    std::sort(left.begin(), left.end());
    EXPECT_EQ(left, (Ids{"host.stats", "ledger.undefined"}));
    log.findings = {{"undefined-answer", "", "", {"ledger.undefined"}, "guest"}};
    EXPECT_EQ(diagnose(log, {}, {}).unexplained, Ids{});
}

TEST(HostFindings, AreReadFromEitherForm) {
    const auto text = log_with_finding("self-count");
    for (const auto& log : {read(text), read(without(text, "\"finding\""))}) {
        ASSERT_EQ(log.findings.size(), 1U);
        EXPECT_EQ(log.findings[0].id, "self-count");
        EXPECT_EQ(log.findings[0].text, "because");
    }
}

// As the guest writes them on AMD: the run, what kind of host it is on, results, and its last reading.
std::string recorded(const std::string& results, const std::string& rows) {
    return "KTAP version 1\n"
           R"(#json {"record":"profile","detected_layout":"F22","missing_leaves":0,)"
           R"("leaves":[1342177276,1342177277,1342177278,1342177279],"detected_sdm":85,"undefined":"mark",)"
           R"("not_enabled":"zeros","grows":1,"self_count":1,"total_count":1,"moving":[],"scope":"vm",)"
           R"("query_cycles":1000,"cpuid_cycles":1000})"
           "\n"
           R"(#json {"record":"run","numbering":"svm","layout":"F22","ledger":1,"vcpus":1,"results":2})"
           "\n1..2\n" +
           results + rows;
}

std::string failed_trigger(unsigned number, const std::string& name, unsigned exit, int counted) {
    return fmt::format(
        R"(#json {{"record":"result","number":{},"name":"{}","verdict":"not ok","message":"wrong",)"
        R"("exit":{},"firings":100,"caused":100,"told":{},"bound":"exact","queries":300}})"
        "\n",
        number, name, exit, counted);
}

const std::string two_lost =
    failed_trigger(1, "hlt.timer", 0x78, 0) + failed_trigger(2, "msr.read-efer", 0x7c, 0);
const std::string last_rows = R"(#json {"record":"rows","total":105,"counts":[[114,100],[123,5]]})"
                              "\n";

HostState keeps(std::initializer_list<std::pair<unsigned, unsigned>> rows) {
    HostState state;
    for (const auto& [exit, count] : rows) {
        state.ledger.push_back({exit, count, 0, 0, 0, 0, {}});
        state.ledger_total += count;
    }
    return state;
}

TEST(HostFindings, OfALogThatIsCutOffAreThoseOfItsResults) {
    const auto found =
        diagnose(read(recorded(two_lost + failed_trigger(3, "io.out8", 0x7b, 200), "")), {}, {});
    EXPECT_EQ(ids(found.findings), (Ids{"retpoline-shortcut", "counted-twice"}));
    EXPECT_EQ(found.unexplained, Ids{});
}

TEST(HostFindings, AcquitWhatTheTracepointSawAlike) {
    const auto log = read(recorded(two_lost, last_rows));
    const std::vector host{compared({{0x72, 100, 100}, {0x7b, 9, 9}})};
    EXPECT_EQ(ids(diagnose(log, host, keeps({{0x72, 100}, {0x7b, 9}})).findings), Ids{"expectation-wrong"});
    // The leaves report less than the ledger holds: it is no witness of what they say.
    EXPECT_EQ(ids(diagnose(log, host, keeps({{0x72, 100}, {0x7b, 9}, {0x81, 200}})).findings),
              Ids{"lost-exits"});
    EXPECT_EQ(ids(diagnose(log, {}, {}).findings), Ids{"lost-exits"});
}

} // namespace
} // namespace exitaudit::test
