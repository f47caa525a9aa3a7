// Waiting for what ought to come soon, but not for ever.
#pragma once

#include "machine/tsc.hpp"

#include <cstdint>
#include <string_view>

namespace machine {

struct Cpu;

/// Called with what never came, and whose it is. It must not return.
using GivenUp = void (*)(std::string_view awaited, const Cpu& whose);

/// Says who is called when something never comes.
void set_up_waiting(GivenUp given_up);

/// Ends the run of a processor that waited for another's part, or its own, in vain.
[[noreturn]] void give_up(std::string_view awaited, const Cpu& whose);

/// How long a wait may take. No clock tells a second, so it is in cycles, and for
/// emulators, which are slow to count these, in looks as well.
class Patience {
public:
    constexpr Patience(std::uint64_t cycles, std::uint64_t looks) : cycles_(cycles), looks_(looks) {}

    /// Takes one more look; the first one starts the wait. True if it has lasted too long.
    bool ends()
    {
        if (looked_++ == 0)
            since_ = rdtsc();
        return looked_ > looks_ || rdtsc() - since_ > cycles_;
    }

    void begin_anew() { looked_ = 0; }

private:
    std::uint64_t cycles_, looks_, since_ = 0, looked_ = 0;
};

/// For what takes a thousandth of a second, or ten while others have the host's
/// processors: half a minute of the TSC, or more looks than fit into seconds of spinning.
inline constexpr Patience long_patience{std::uint64_t{1} << 36, std::uint64_t{1} << 29};

}
