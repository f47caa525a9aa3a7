// Running other programs.
#include "exitaudit/support/process.hpp"

#include <gtest/gtest.h>

#include <csignal>

namespace exitaudit::test {
namespace {

TEST(Process, KeepsTheOutputUpToALimit) {
    const auto [ending, out, err] =
        output_of({"sh", "-c", "echo 12345; echo oops >&2; exit 3"}, std::chrono::seconds(10), 4);
    EXPECT_TRUE(ending.exited_with(3));
    EXPECT_EQ(out, "1234");
    EXPECT_EQ(err, "oops");
}

TEST(Process, StartsNothingAfterASignal) {
    SignalsCaught signals;
    std::raise(SIGTERM);
    const auto ending = run_process({"sleep", "60"}, std::chrono::seconds(60), {});
    EXPECT_EQ(ending.how, Ending::How::interrupted);
    EXPECT_EQ(ending.status, SIGTERM);
    EXPECT_EQ(signals.signal(), SIGTERM);
}

} // namespace
} // namespace exitaudit::test
