// Lines from a serial port.
#include "exitaudit/log/lines.hpp"

#include <gtest/gtest.h>

#include <vector>

namespace exitaudit::test {
namespace {

TEST(Printable, DropsEscapeSequencesAndControlBytes) {
    EXPECT_EQ(printable("\x1b[1;31mred\x1b[0m\r"), "red");
    EXPECT_EQ(printable("\x1b"
                        "cdone"),
              "done");
    EXPECT_EQ(printable("a\x1b["), "a");
    EXPECT_EQ(printable("a\x1b"), "a");
    EXPECT_EQ(printable("\x01"
                        "a\xffz"),
              "az");
}

TEST(LineSplitter, JoinsPortions) {
    std::vector<std::string> lines;
    const auto take = [&](const std::string& line) { lines.push_back(line); };
    LineSplitter splitter;
    splitter.feed("one\ntw", take);
    splitter.feed("o\n\nthr", take);
    EXPECT_EQ(lines, (std::vector<std::string>{"one", "two", ""}));
    EXPECT_EQ(splitter.rest(), "thr");
}

} // namespace
} // namespace exitaudit::test
