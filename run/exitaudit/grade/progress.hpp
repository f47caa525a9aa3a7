// Progress: a line for each step; on a terminal one line that is rewritten.
#pragma once

#include "exitaudit/support/untrusted.hpp"
#include "exitaudit/support/say.hpp"

#include <fmt/format.h>

#include <cstdio>

#include <unistd.h>

namespace exitaudit::grade {

class Progress {
public:
    // `alone`: nobody else writes there, so that a line can be rewritten.
    Progress(std::size_t all, bool alone) : all_(all), terminal_(alone && isatty(STDERR_FILENO) == 1) {}

    void next(const std::string& name, std::size_t number) {
        name_ = sanitize(name);
        start_ = std::chrono::steady_clock::now();
        spent_ = {};
        number_ = number;
    }

    void stage(const std::string& what) {
        what_ = what;
        if (terminal_)
            tick();
        else
            say("exitaudit: {}\n", line());
    }

    void tick() const {
        if (!terminal_) return;
        say("\r\x1b[Kexitaudit: {}", line());
        std::fflush(stderr);
    }

    void clear() const { say("{}", terminal_ ? "\r\x1b[K" : ""); }

    // What compiling and auditing took since next(), as their limits count.
    void spend(std::chrono::milliseconds took) { spent_ += took; }
    std::chrono::seconds spent() const { return std::chrono::duration_cast<std::chrono::seconds>(spent_); }

    // On the clock since next().
    std::chrono::seconds elapsed() const {
        return std::chrono::duration_cast<std::chrono::seconds>(std::chrono::steady_clock::now() - start_);
    }
private:
    std::string line() const {
        return fmt::format("{} of {}, {}: {} ({} s)", number_, all_, name_, what_, elapsed().count());
    }

    std::size_t all_, number_ = 0;
    bool terminal_;
    std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
    std::chrono::milliseconds spent_{};
    std::string name_, what_;
};

} // namespace exitaudit::grade
