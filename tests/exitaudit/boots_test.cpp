// Boots side by side.
#include "exitaudit/documents/compare.hpp"

#include <gtest/gtest.h>

namespace exitaudit::test {
namespace {

using nlohmann::json;

json boot(const char* lane, unsigned vcpus, json exits) {
    json all = json::object();
    for (const auto& [name, count] : exits.items()) all[name] = {{"count", count}, {"cycles", 1}};
    return {{"kind", "boot"},
            {"lane", lane},
            {"guest", {{"vcpus", vcpus}, {"nested_paging", true}}},
            {"phases", json::array({{{"name", "kernel"}, {"exits", all}}})},
            {"totals", {{"exits", all}}}};
}

const json one = boot("svm", 1, {{"npf", 100}, {"hlt", 300}}),
           two = boot("svm", 2, {{"npf", 150}, {"io", 7}});

TEST(Boots, ReasonsStandInTheFirstBootsOrderAndGapsAreNone) {
    const auto beside = side_by_side({{"/a/one.json", one}, {"two.json", two}});
    EXPECT_EQ(beside.names, (std::vector<std::string>{"one", "two"}));
    ASSERT_EQ(beside.reasons.size(), 3U);
    EXPECT_EQ(beside.reasons[0].name, "hlt");
    EXPECT_EQ(beside.reasons[0].exits[1], std::nullopt);
    EXPECT_EQ(beside.reasons[1].name, "npf");
    EXPECT_EQ(beside.reasons[2].name, "io");
    EXPECT_EQ(beside.reasons[2].exits[0], std::nullopt);
    EXPECT_EQ(beside.totals.exits[0], 400U);
    EXPECT_EQ(beside.totals.exits[1], 157U);
}

TEST(Boots, OnlyWhatDiffersIsTold) {
    const auto beside = side_by_side({{"one.json", one}, {"two.json", two}});
    ASSERT_EQ(beside.differences.size(), 1U);
    EXPECT_EQ(beside.differences[0].first, "vCPUs");
    EXPECT_EQ(beside.differences[0].second, (std::vector<std::string>{"1", "2"}));
    EXPECT_TRUE(side_by_side({{"one.json", one}, {"one.json", one}}).differences.empty());
}

TEST(Boots, RatiosAreToTheFirst) {
    const auto text = boots_text(side_by_side({{"one.json", one}, {"two.json", two}, {"three.json", one}}));
    EXPECT_NE(text.find("npf                           100          150   x1.50          100   x1.00\n"),
              std::string::npos)
        << text;
    EXPECT_NE(text.find("hlt                           300            -                  300   x1.00\n"),
              std::string::npos)
        << text;
}

TEST(Boots, TheDocumentHasNullForWhatABootHasNot) {
    const auto document = boots_document(side_by_side({{"one.json", one}, {"two.json", two}}));
    EXPECT_EQ(document["kind"], "comparison");
    EXPECT_EQ(document["exits"][0], (json{{"name", "hlt"}, {"exits", {300, nullptr}}}));
    EXPECT_EQ(document["totals"], (json{400, 157}));
}

TEST(Boots, WhateverElseChangesTheCountsIsToldToo) {
    auto own = one;
    own["guest"].update({{"memory_mib", 256},
                         {"kernel_image", "bzImage"},
                         {"initrd", "initrd.img"},
                         {"disk", "root.img"},
                         {"append", "nosmp"},
                         {"work", 10},
                         {"read", true},
                         {"interval_ms", 50}});
    const auto beside = side_by_side({{"one.json", one}, {"own.json", own}});
    std::vector<std::string> values;
    for (const auto& [title, each] : beside.differences) {
        EXPECT_EQ(each[0], "-") << title; // a document that does not tell
        values.push_back(each[1]);
    }
    EXPECT_EQ(values, (std::vector<std::string>{"256", "bzImage", "initrd.img", "root.img", "nosmp", "10",
                                                "yes", "50"}));
}

} // namespace
} // namespace exitaudit::test
