// The formatter, and JSON through it.
#include "console/format.hpp"
#include "report/json.hpp"

#include <gtest/gtest.h>

#include <limits>

using console::Text;

TEST(Format, ReplacesFieldsInOrder) {
    EXPECT_EQ(Text<80>("{} exits, ledger +{}", 1000u, 999).view(), "1000 exits, ledger +999");
}

TEST(Format, WritesHexadecimalWithPrefix) {
    EXPECT_EQ(Text<80>("{:x} {:x}", 0u, 0x4fffffffu).view(), "0x0 0x4fffffff");
    EXPECT_EQ(Text<80>("{:x}", std::numeric_limits<std::uint64_t>::max()).view(), "0xffffffffffffffff");
}

TEST(Format, WritesTheGreatestNumber) {
    EXPECT_EQ(Text<80>("{}", std::numeric_limits<std::uint64_t>::max()).view(), "18446744073709551615");
}

TEST(Format, PadsToTheWidthAndNeverCuts) {
    EXPECT_EQ(Text<80>("[{:4}] [{:-4}] [{:2}]", 7u, "ab", "long").view(), "[   7] [ab  ] [long]");
}

TEST(Format, ShowsAMissingArgument) { EXPECT_EQ(Text<80>("{} {}", 1u).view(), "1 {?}"); }

TEST(Format, CutsTextAtItsCapacity) { EXPECT_EQ(Text<4>("{}", "abcdef").view(), "abcd"); }

TEST(Json, WritesMembersInOrderAndEscapes) {
    Text<200> text;
    report::JsonObject record(text);
    record.member("name", "a\"b\\c\n").member("count", 7).member("told", -3);
    record.object("inner").member("min", 1).end();
    record.end();
    EXPECT_EQ(text.view(), R"({"name":"a\"b\\c?","count":7,"told":-3,"inner":{"min":1}})");
}
