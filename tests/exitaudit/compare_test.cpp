// What counts as a change between two documents.
#include "exitaudit/documents/compare.hpp"

#include "exitaudit/support/exit_code.hpp"

#include <fmt/core.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <cmath>

namespace exitaudit::test {
namespace {

using nlohmann::json;

json result(const std::string& name, double median, double quartiles = 100, unsigned firings = 10000) {
    return {{"name", name},
            {"exit_name", "IO"},
            {"verdict", "ok"},
            {"firings", firings},
            {"guest_cycles",
             {{"median", median},
              {"mean", median},
              {"stddev", 1000},
              {"p25", median - quartiles / 2},
              {"p75", median + quartiles / 2}}},
            {"host_cycles", {{"mean", median - 100}}}};
}

json document(std::vector<json> results) {
    return {{"schema", 1},
            {"kind", "run"},
            {"lane", "vmx"},
            {"verdict", "pass"},
            {"run", {{"vendor", "GenuineIntel"}, {"vcpus", 1}}},
            {"results", std::move(results)}};
}

// Twenty triggers of 1000 cycles, their costs scattered by this share to both sides.
json scattered(double share) {
    std::vector<json> results;
    for (int i = 0; i < 20; ++i)
        results.push_back(result(fmt::format("io.t{}", i), 1000 * (1 + share * (i % 5 - 2))));
    return document(results);
}

TEST(Compare, TheSameDocumentShowsNoChange) {
    const auto comparison = compare(scattered(0.01), scattered(0.01));
    ASSERT_EQ(comparison.changes.size(), 20U);
    for (const auto& change : comparison.changes) {
        EXPECT_DOUBLE_EQ(change.ratio, 1);
        EXPECT_FALSE(change.significant);
    }
    EXPECT_TRUE(comparison.regressions(0).empty());
}

TEST(Compare, OneAloneHasTheIntervalOfItsFirings) {
    // 0.929 * 100 / sqrt(10000) = 0.929 cycles of 1000 and 1100; 1.96 times their root of squares.
    const auto change = compare(document({result("a", 1000)}), document({result("a", 1100)})).changes.at(0);
    const double error = std::hypot(0.929 / 1000, 0.929 / 1100);
    EXPECT_NEAR(change.ratio, 1.1, 1e-9);
    EXPECT_NEAR(std::log(change.high / change.ratio), 1.959964 * error, 1e-9);
    EXPECT_NEAR(std::log(change.ratio / change.low), 1.959964 * error, 1e-9);
    EXPECT_TRUE(change.significant);
    EXPECT_DOUBLE_EQ(change.host_after.value(), 1000);
}

TEST(Compare, WithoutQuartilesTakesMeans) {
    auto before = result("a", 1000), after = result("a", 1000);
    for (auto* side : {&before, &after}) {
        (*side)["guest_cycles"].erase("p25");
        (*side)["guest_cycles"]["mean"] = 2000;
    }
    const auto change = compare(document({before}), document({after})).changes.at(0);
    EXPECT_DOUBLE_EQ(change.before, 2000);
    // stddev 1000, 10000 firings: 10 cycles of 2000 on both sides.
    EXPECT_NEAR(std::log(change.high), 1.959964 * std::hypot(0.005, 0.005), 1e-9);
}

TEST(Compare, AChangeHasToStandOutFromTheScatterOfTheOthers) {
    auto quiet = scattered(0.001), noisy = scattered(0.05);
    quiet["results"][7] = result("io.t7", 1100);
    noisy["results"][7] = result("io.t7", 1100);
    const auto before = scattered(0);
    EXPECT_TRUE(compare(before, quiet).changes.at(7).significant);
    EXPECT_FALSE(compare(before, noisy).changes.at(7).significant);
    EXPECT_GT(compare(before, noisy).between, 0.03);
}

TEST(Compare, WhatChangesInAllTriggersIsAChange) {
    auto after = scattered(0.001);
    for (auto& each : after["results"])
        each = result(each["name"], each["guest_cycles"]["median"].get<double>() * 1.2);
    const auto comparison = compare(scattered(0.001), after);
    EXPECT_EQ(comparison.regressions(10).size(), 20U);
    EXPECT_TRUE(comparison.regressions(25).empty());
    EXPECT_NEAR(comparison.common, 1.2, 0.01);
}

TEST(Compare, ABetterCostIsNoRegression) {
    const auto comparison = compare(document({result("a", 1000)}), document({result("a", 800)}));
    EXPECT_TRUE(comparison.changes.at(0).significant);
    EXPECT_TRUE(comparison.regressions(0).empty());
}

TEST(Compare, EqualFiringsThroughoutAreNotInfinitelyExact) {
    const auto change =
        compare(document({result("a", 1000, 0, 1)}), document({result("a", 1001, 0, 1)})).changes.at(0);
    EXPECT_LT(change.low, 1);
}

json counted(std::vector<json> results) {
    auto instructions = document(std::move(results));
    instructions["lane"] = "svm-icount";
    instructions["environment"]["emulator"] = "QEMU 7.2";
    return instructions;
}

TEST(Compare, WhatCountsInstructionsIsJudgedToTheInstruction) {
    const auto before = counted({result("a", 3000, 0), result("b", 4000, 0)});
    const auto same = compare(before, before);
    EXPECT_TRUE(same.exact);
    EXPECT_TRUE(same.warnings.empty());
    EXPECT_TRUE(same.regressions(0).empty());

    const auto changed = compare(before, counted({result("a", 3025, 0), result("b", 3997, 0)}));
    ASSERT_EQ(changed.regressions(0).size(), 1U);
    EXPECT_EQ(changed.regressions(0)[0]->name, "a");
    EXPECT_TRUE(changed.changes[1].significant);
    EXPECT_TRUE(changed.regressions(1).empty());

    // A branch of the host's that goes the other way.
    EXPECT_TRUE(
        compare(before, counted({result("a", 3001, 0), result("b", 4001, 0)})).regressions(0).empty());
}

TEST(Compare, FiringsThatDifferAmongThemselvesAreJudgedToThreePerCent) {
    const auto before = counted({result("a", 3000, 10)});
    const auto judged = [&](double median, double quartiles) {
        return compare(before, counted({result("a", median, quartiles)})).changes[0];
    };
    EXPECT_FALSE(judged(3020, 0).steady);
    EXPECT_FALSE(judged(3020, 0).significant);
    EXPECT_FALSE(judged(3080, 10).significant);
    EXPECT_TRUE(judged(3100, 10).significant);
    EXPECT_FALSE(judged(3100, 300).significant); // they overlap
    // So are a few firings, which may be equal by chance.
    const auto few = counted({result("a", 3000, 0, 5)});
    EXPECT_FALSE(compare(few, counted({result("a", 3020, 0, 5)})).changes[0].significant);
}

TEST(Compare, InstructionsAreNotComparedWithCycles) {
    auto cycles = counted({result("a", 3000, 0)});
    cycles["lane"] = "svm";
    EXPECT_THROW(compare(counted({result("a", 3000, 0)}), cycles), Error);
}

TEST(Compare, CostsAreNotComparedWithAuditsWhoseHostCountsExits) {
    const auto audit = counted({result("a", 3713, 0)});
    auto costs = counted({result("a", 2764, 0)});
    costs["run"]["costs"] = 1;
    auto marks = costs;
    marks["run"]["plan"] = "costs marks=yes";
    EXPECT_THROW(compare(costs, audit), Error);
    EXPECT_THROW(compare(audit, costs), Error);
    EXPECT_THROW(compare(costs, marks), Error);
    EXPECT_TRUE(compare(costs, costs).warnings.empty());
}

TEST(Compare, TriggersOfOneDocumentAreListed) {
    auto skipped = result("c", 1000);
    skipped["verdict"] = "skip";
    const auto comparison = compare(document({result("a", 1000), result("b", 1000), skipped}),
                                    document({result("b", 1000), result("c", 1000)}));
    EXPECT_EQ(comparison.only_before, std::vector<std::string>{"a"});
    EXPECT_EQ(comparison.only_after, std::vector<std::string>{"c"});
    EXPECT_EQ(comparison.changes.size(), 1U);
}

TEST(Compare, RefusesWhatCannotBeCompared) {
    const auto expect_refused = [](const json& after) {
        try {
            compare(document({}), after);
            FAIL();
        } catch (const Error& error) {
            EXPECT_EQ(error.code, ExitCode::could_not_run);
        }
    };
    auto other = document({});
    other["lane"] = "svm";
    expect_refused(other);
    other = document({});
    other["run"]["vcpus"] = 2;
    expect_refused(other);
    other = document({});
    other["kind"] = "grade";
    expect_refused(other);
}

TEST(Compare, WarnsOfOtherDifferences) {
    auto before = scattered(0.01), after = scattered(0.01);
    for (auto* each : {&before, &after})
        (*each)["environment"]["host"]["command_line"] =
            fmt::format("quiet tsc_early_khz={} nokaslr", each == &after);
    before["kernel"] = "Linux 6.1";
    after["kernel"] = "Linux 6.12";
    before["environment"]["host"]["kvm_parameters"] = {{"kvm.halt_poll_ns", "0"}, {"kvm_intel.ept", "Y"}};
    after["environment"]["host"]["kvm_parameters"] = {{"kvm.halt_poll_ns", "9"}, {"kvm_intel.ept", "Y"}};
    after["qemu"] = "7.2"; // one that is unknown in the other is no difference
    EXPECT_EQ(compare(before, after).warnings,
              (std::vector<std::string>{"different host kernel: Linux 6.1 before, Linux 6.12 after",
                                        "different KVM parameters: kvm.halt_poll_ns"}));
}

TEST(Compare, WarnsOfIntervalsThatPromiseTooMuch) {
    auto few = document({result("a", 1000)});
    EXPECT_NE(compare(few, few).warnings.at(0).find("1 triggers in common are too few"), std::string::npos);
    EXPECT_FALSE(compare(few, few).by_time);
    auto timed = scattered(0.01);
    timed["environment"]["emulator"] = "QEMU 7.2.22";
    EXPECT_NE(compare(timed, timed).warnings.at(0).find("--exact"), std::string::npos);
    EXPECT_TRUE(compare(timed, timed).by_time);
}

TEST(Compare, SurvivesDocumentsOfAnyShape) {
    auto odd = document({json(),
                         json("text"),
                         {{"name", 3}, {"guest_cycles", "many"}},
                         {{"firings", 1}, {"guest_cycles", {{"median", -4}}}}});
    EXPECT_TRUE(compare(odd, odd).changes.empty());
}

} // namespace
} // namespace exitaudit::test
