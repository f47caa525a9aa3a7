// Prints progress.
#include "exitaudit/grade/progress.hpp"

#include "exitaudit/grade/workplace.hpp"

#include <fmt/format.h>

#include <cstdio>

#include <unistd.h>

namespace exitaudit::grade {

using Clock = std::chrono::steady_clock;

Progress::Progress(std::size_t all) : all_(all), terminal_(isatty(STDERR_FILENO) == 1) {}

void Progress::next(const std::string& name)
{
    name_ = sanitize(name);
    start_ = Clock::now();
    ++number_;
}

void Progress::stage(const std::string& what)
{
    what_ = what;
    if (terminal_)
        tick();
    else
        fmt::print(stderr, "exitaudit: {}\n", line());
}

void Progress::tick() const
{
    if (!terminal_)
        return;
    fmt::print(stderr, "\r\x1b[Kexitaudit: {}", line());
    std::fflush(stderr);
}

void Progress::clear() const
{
    if (terminal_)
        fmt::print(stderr, "\r\x1b[K");
}

std::chrono::seconds Progress::elapsed() const
{
    return std::chrono::duration_cast<std::chrono::seconds>(Clock::now() - start_);
}

std::string Progress::line() const
{
    return fmt::format("{} of {}, {}: {} ({} s)", number_, all_, name_, what_, elapsed().count());
}

} // namespace exitaudit::grade
