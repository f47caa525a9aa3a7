// Waiting for an event with a time limit.
#pragma once

#include "machine/tsc.hpp"

#include <cstdint>
#include <string_view>

namespace machine {

struct Cpu;

/// Called with what did not happen in time, and on which processor. Must not return.
using GivenUp = void (*)(std::string_view awaited, const Cpu& whose);

/// Sets what give_up() calls.
void set_up_waiting(GivenUp given_up);

/// Ends the run because an event did not happen in time on this or another processor.
[[noreturn]] void give_up(std::string_view awaited, const Cpu& whose);

/// A time limit. No clock measures seconds, so it is in cycles, and also in polls for emulators whose TSC is
/// slow.
class Timeout {
public:
    constexpr Timeout(std::uint64_t cycles, std::uint64_t polls) : cycles_(cycles), polls_(polls) {}

    /// Counts one poll, of which the first starts the time. \return whether the limit is reached
    bool expired() {
        if (polled_++ == 0) since_ = rdtsc();
        return polled_ > polls_ || rdtsc() - since_ > cycles_;
    }

    void restart() { polled_ = 0; }
private:
    std::uint64_t cycles_, polls_, since_ = 0, polled_ = 0;
};

/// For events that take a millisecond, or ten on a busy host: half a minute of the TSC, or several seconds of
/// polling.
inline constexpr Timeout long_timeout{std::uint64_t{1} << 36, std::uint64_t{1} << 29};

}
