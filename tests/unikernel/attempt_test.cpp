// Attempts that end midway.
#include "machine/attempt.hpp"

#include <gtest/gtest.h>

namespace {

unsigned steps = 0;

void fail_deep_inside(unsigned depth) {
    if (depth == 0) machine::abandon_attempt();
    if (depth != 0) fail_deep_inside(depth - 1);
    steps++;
}

}

TEST(Attempt, ComesToItsEnd) {
    unsigned done = 0;
    EXPECT_TRUE(machine::attempt([&] { done = 42; }));
    EXPECT_EQ(done, 42u);
}

TEST(Attempt, IsLeftFromWhateverItCalls) {
    steps = 0;
    EXPECT_FALSE(machine::attempt([] { fail_deep_inside(3); }));
    EXPECT_EQ(steps, 0u);
}

TEST(Attempt, CanBeMadeAgainAfterOneFailed) {
    for (unsigned i = 0; i < 3; i++) EXPECT_FALSE(machine::attempt([] { machine::abandon_attempt(); }));
    EXPECT_TRUE(machine::attempt([] {}));
}

TEST(Attempt, ThatIsNotBeingMadeCannotBeLeft) {
    EXPECT_TRUE(machine::attempt([] {}));
    machine::abandon_attempt();
    EXPECT_FALSE(machine::attempt([] { machine::abandon_attempt(); }));
    machine::abandon_attempt();
}
