// What strangers' text becomes.
#include "exitaudit/support/untrusted.hpp"

#include <gtest/gtest.h>

namespace exitaudit {
namespace {

TEST(Sanitize, KeepsLettersOfAllLanguages) {
    for (const auto* name :
         {"Ada <b>", "J\xc3\xbcrgen", "\xd0\x96\xd0\xb0\xd0\xbd", "\xe6\x9d\x8e", "\xf0\x9f\x98\x80"})
        EXPECT_EQ(sanitize(name), name);
}

TEST(Sanitize, KeepsNothingThatChangesTheRest) {
    EXPECT_EQ(sanitize("a\n\r\t\x1b[2J\x7f"), "a????[2J?");
    EXPECT_EQ(sanitize("\xc2\x9b"
                       "2J"),
              "??2J"); // an escape in one character
    EXPECT_EQ(sanitize("a\xe2\x80\xae"
                       "c"),
              "a???c");                                                  // right to left
    EXPECT_EQ(sanitize("\xc0\xaf\xe0\x80\xaf\xed\xa0\x80"), "????????"); // not UTF-8
    EXPECT_EQ(sanitize("\xf5\xbf\xbf\xbf\xff"), "?????");
    EXPECT_EQ(sanitize("x\xc3"), "x?");
}

TEST(Sanitize, EndsAtTheLimit) {
    EXPECT_EQ(sanitize("abcdef", 3), "abc...");
    EXPECT_EQ(sanitize("ab\xc3\xbc", 3), "ab?...");
}

} // namespace
} // namespace exitaudit
