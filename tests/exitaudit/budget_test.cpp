// Limits on what a run or a boot may cost.
#include "exitaudit/documents/budget.hpp"
#include "exitaudit/support/exit_code.hpp"

#include <gtest/gtest.h>

namespace exitaudit {
namespace {

using nlohmann::json;

std::string budget_text(const std::string& limits) {
    return R"({"schema": 1, "kind": "budget", "limits": [)" + limits + "]}";
}

std::string refusal(const std::string& limits) {
    try {
        parse_budget(budget_text(limits), "b.json");
    } catch (const Error& error) {
        EXPECT_EQ(error.code, ExitCode::usage);
        return error.what();
    }
    return "taken";
}

HostResult compared(const std::string& limits, const json& document) {
    return compare_with_budget(parse_budget(budget_text(limits), "b.json"), document, true);
}

const json boot = {
    {"kind", "boot"},
    {"lane", "svm"},
    {"totals",
     {{"exits", {{"npf", {{"count", 20}, {"cycles", 900}}}, {"hlt", {{"count", 5}, {"cycles", 100}}}}}}},
    {"phases",
     {{{"name", "kernel"}, {"exits", {{"npf", {{"count", 15}, {"cycles", 700}}}}}},
      {{"name", "idle"},
       {"exits", {{"npf", {{"count", 5}, {"cycles", 200}}}, {"hlt", {{"count", 5}, {"cycles", 100}}}}}}}}};

const json run = {
    {"kind", "run"},
    {"lane", "svm-icount"},
    {"exits", {{{"exit_name", "io"}, {"count", 200}, {"cycles", 5000}}}},
    {"results", {{{"name", "io.out8"}, {"guest_cycles", {{"median", 4969}}}}, {{"name", "io.in8"}}}}};

TEST(Budget, LimitsTheExitsOfABootAndOfItsPhases) {
    EXPECT_EQ(
        compared(R"({"count": 25}, {"exit": "npf", "count": 20}, {"phase": "*", "exit": "npf", "count": 15},
                          {"phase": "idle", "cycles": 300}, {"exit": "CPUID", "count": 0})",
                 boot)
            .message,
        "5 limits are kept");
    const auto result =
        compared(R"({"count": 24}, {"exit": "npf", "count": 20}, {"phase": "*", "exit": "npf", "count": 14},
                                    {"phase": "idle", "cycles": 299})",
                 boot);
    EXPECT_EQ(result.outcome, Outcome::not_ok);
    EXPECT_EQ(result.message, "3 of 4 limits are not kept: all exits: 25 exits, at most 24: 1 too many");
    EXPECT_EQ(result.table,
              (std::vector<std::string>{"all exits: 25 exits, at most 24: 1 too many",
                                        "phase kernel, npf: 15 exits, at most 14: 1 too many",
                                        "phase idle, all exits: 300 cycles, at most 299: 1 too many"}));
}

TEST(Budget, LimitsTheExitsOfARunAndTheCostOfItsTriggers) {
    EXPECT_EQ(
        compared(R"({"exit": "io", "count": 200}, {"trigger": "io.*", "instructions": 4969})", run).outcome,
        Outcome::ok);
    EXPECT_EQ(compared(R"({"trigger": "io.out8", "instructions": 4968})", run).table.front(),
              "io.out8: 4969 instructions, at most 4968: 1 too many");
}

TEST(Budget, OfWhatWasNotMeasuredIsNotKept) {
    EXPECT_EQ(compared(R"({"trigger": "io.in8", "cycles": 9})", run).table.front(),
              "trigger io.in8: nothing of it was measured");
    EXPECT_EQ(compared(R"({"phase": "disk", "count": 9})", boot).table.front(),
              "phase disk: nothing of it was measured");
    EXPECT_EQ(compared(R"({"count": 9})", {{"kind", "run"}, {"exits", json::array()}}).table.front(),
              "all exits: nothing of it was measured");
    EXPECT_EQ(compared(R"({"exit": "EPT_VIOLATION", "count": 9})", boot).table.front(),
              "exit EPT_VIOLATION: this host's vendor has no exit of that name");
}

TEST(Budget, WithMistakesIsRefused) {
    EXPECT_EQ(refusal(""), "b.json has no limits");
    EXPECT_EQ(refusal("7"), "b.json: limit 1 is no JSON object");
    EXPECT_EQ(refusal(R"({"exit": "npf"})"), "b.json: limit 1: count, cycles or instructions is missing");
    EXPECT_EQ(refusal(R"({"exit": "npf", "count": -1})"), "b.json: limit 1: count is no number from 0 up");
    EXPECT_EQ(refusal(R"({"exit": "cpiud", "count": 1})"),
              "b.json: limit 1: no exit is called 'cpiud'; did you mean cpuid?");
    EXPECT_NE(refusal(R"({"trigger": "io.out9", "cycles": 1})").find("io.out8"), std::string::npos);
    EXPECT_EQ(refusal(R"({"trigger": "io.out8", "count": 1})"),
              "b.json: limit 1: a trigger is limited by cycles or instructions alone");
    EXPECT_EQ(refusal(R"({"count": 1, "cycles": 1, "instructions": 1})"),
              "b.json: limit 1: cycles or instructions, not both");
    EXPECT_THROW(parse_budget("{}", "b.json"), Error);
    EXPECT_THROW(read_budget("nosuch.json", "run", "svm"), Error);
    EXPECT_TRUE(read_budget("", "run", "svm").empty());
}

TEST(Budget, ThatNoFigureCanBeComparedWithIsRefused) {
    const auto refusal_of = [](const char* limit, const char* kind, const char* lane) -> std::string {
        try {
            check_budget(parse_budget(budget_text(limit), "b.json"), kind, lane);
        } catch (const Error& error) {
            EXPECT_EQ(error.code, ExitCode::usage);
            return error.what();
        }
        return "taken";
    };
    constexpr auto instructions = R"({"exit": "io", "instructions": 9})";
    constexpr auto phase = R"({"phase": "idle", "count": 9})",
                   trigger = R"({"trigger": "io.in8", "cycles": 9})";
    EXPECT_EQ(refusal_of(instructions, "run", "svm"),
              "budget: exit io: instructions are counted on lane svm-icount alone (run --exact)");
    EXPECT_EQ(refusal_of(phase, "run", "svm"), "budget: phase idle: a run has no phases");
    EXPECT_EQ(refusal_of(trigger, "boot", "svm"), "budget: trigger io.in8: a boot fires no triggers");
    EXPECT_EQ(refusal_of(instructions, "run", "svm-icount"), "taken");
    EXPECT_EQ(refusal_of(phase, "boot", "svm"), "taken");
    EXPECT_EQ(refusal_of(trigger, "run", "svm"), "taken");
}

TEST(Budget, MakesAVerdictThatPassesFail) {
    Verdict verdict{ExitCode::pass, "pass", true};
    Circumstances circumstances;
    const auto budget = parse_budget(budget_text(R"({"count": 24})"), "b.json");
    with_budget(budget, verdict, circumstances, [] { return boot; });
    EXPECT_EQ(verdict.code, ExitCode::audit_failed);
    EXPECT_EQ(verdict.text,
              "fail: budget: 1 of 1 limit is not kept: all exits: 25 exits, at most 24: 1 too many");
    EXPECT_EQ(circumstances.host.at(0).name, "budget");

    verdict = {ExitCode::could_not_run, "cut", false};
    circumstances = {};
    with_budget(budget, verdict, circumstances, [] { return boot; });
    EXPECT_EQ(verdict.code, ExitCode::could_not_run);
    EXPECT_TRUE(circumstances.host.empty());
}

} // namespace
} // namespace exitaudit
