// Regular expressions.
#include "exitaudit/support/pattern.hpp"

#include <gtest/gtest.h>

#include <stdexcept>

namespace exitaudit::test {
namespace {

TEST(Pattern, MatchesTheWholeTextOrNothing) {
    const Pattern number("([0-9]+)(px)?");
    const auto found = number.match("12");
    ASSERT_TRUE(found);
    EXPECT_EQ(*found, (std::vector<std::string>{"12", "12", ""}));
    EXPECT_FALSE(number.match("12 "));
    EXPECT_FALSE(number.match(""));
}

TEST(Pattern, FindsTheFirstPlace) {
    const auto found = Pattern("version ([0-9.]+)").search("QEMU emulator version 7.2.15 (of version 7.2)");
    ASSERT_TRUE(found);
    EXPECT_EQ(found->at(1), "7.2.15");
    EXPECT_FALSE(Pattern("version ([0-9.]+)").search("QEMU"));
}

TEST(Pattern, DistinguishesCaseUnlessToldNotTo) {
    EXPECT_FALSE(Pattern("0x4f+c").search("0x4FFC"));
    EXPECT_TRUE(Pattern("0x4f+c", Pattern::Case::ignored).search("0x4FFC"));
}

TEST(Pattern, ListsEachDifferentText) {
    const std::set<std::string> words{"be", "not", "or", "to"};
    EXPECT_EQ(Pattern("[a-z]{2,}").all("to be, or not to be a"), words);
}

TEST(Pattern, ReadsNoFurtherThanTheText) {
    EXPECT_EQ(Pattern("[0-9]+").search(std::string_view("12345", 3))->front(), "123");
}

TEST(Pattern, RefusesWhatIsNone) { EXPECT_THROW(Pattern("(a"), std::invalid_argument); }

} // namespace
} // namespace exitaudit::test
