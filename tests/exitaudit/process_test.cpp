// Running other programs.
#include "exitaudit/support/process.hpp"

#include "exitaudit/support/file.hpp"
#include "exitaudit/support/untrusted.hpp"

#include <gtest/gtest.h>

#include <csignal>
#include <thread>

#include <sched.h>

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

const std::vector<std::string> busy{"sh", "-c", "(while :; do :; done) & wait"};

TEST(Process, IsLimitedByTheCpuTimeOfAllThatItStarts) {
    Watcher watcher;
    watcher.limits = Limits::cpu;
    const auto ending = run_process(busy, std::chrono::milliseconds(500), watcher);
    EXPECT_EQ(ending.how, Ending::How::timed_out);
    EXPECT_GE(ending.took, std::chrono::milliseconds(500));
}

TEST(Process, ThatIsIdleTakesNoCpuTimeAndEndsByTheClock) {
    Watcher watcher;
    watcher.limits = Limits::cpu;
    const auto ending = run_process({"sleep", "60"}, std::chrono::milliseconds(200), watcher);
    EXPECT_EQ(ending.how, Ending::How::timed_out);
    EXPECT_LT(ending.took, std::chrono::milliseconds(200));
}

TEST(Process, ThatIsSilentForTooLongIsEnded) {
    Watcher watcher;
    watcher.silence = std::chrono::milliseconds(1000);
    const auto chatty = run_process({"sh", "-c", "for i in 1 2 3 4; do sleep 0.5; echo $i; done"},
                                    std::chrono::seconds(60), watcher);
    EXPECT_TRUE(chatty.exited_with(0));
    const auto silent = run_process({"sh", "-c", "echo; sleep 60"}, std::chrono::seconds(60), watcher);
    EXPECT_EQ(silent.how, Ending::How::timed_out);
    EXPECT_LT(silent.took, std::chrono::seconds(60));
}

TEST(Process, IsNotChargedForTheTimeOfItsReader) {
    const TemporaryDirectory scratch;
    const auto read = (scratch.path() / "read").string();
    constexpr auto limit = std::chrono::seconds(2);
    Watcher slow;
    slow.out = [&](std::string_view) {
        std::this_thread::sleep_for(limit + std::chrono::seconds(1));
        write_file(read, "");
    };
    const auto ending =
        run_process({"sh", "-c", "echo; until [ -e \"$0\" ]; do sleep 0.1; done", read}, limit, slow);
    EXPECT_TRUE(ending.exited_with(0));
    EXPECT_LT(ending.took, limit);
}

TEST(Process, ThatWaitsForACpuIsNotChargedForIt) {
    // Two on one CPU: each waits half of the time.
    const auto cpu = std::to_string(sched_getcpu());
    const auto start = std::chrono::steady_clock::now();
    const auto ending =
        run_process({"taskset", "-c", cpu, "sh", "-c", "(while :; do :; done) & while :; do :; done"},
                    std::chrono::milliseconds(500), {});
    EXPECT_EQ(ending.how, Ending::How::timed_out);
    EXPECT_GE(ending.took, std::chrono::milliseconds(500));
    EXPECT_LT(ending.took * 4 / 3, std::chrono::steady_clock::now() - start);
}

} // namespace
} // namespace exitaudit::test
