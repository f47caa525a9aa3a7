// What the user sees while a guest runs: its lines on standard output as they
// arrive, and on standard error some sign of life while there are none.
#pragma once

#include "exitaudit/log/lines.hpp"
#include "exitaudit/log/log.hpp"

#include <chrono>
#include <string>
#include <string_view>

namespace exitaudit {

class Screen {
public:
    explicit Screen(bool verbose);

    // The names of what the guest will run, in this order.
    void expect(std::vector<std::string_view> names) { names_ = std::move(names); }

    // Bytes of the guest's log, in any portions.
    void guest(std::string_view bytes);

    // What is going on.
    void stage(std::string_view what);

    // A line that only --verbose shows.
    void note(std::string_view text);

    // Called several times a second: shows progress if it has been silent too long.
    void tick();

    // Removes the progress line. Error if standard output could not take everything.
    void finish();

    // Which of them it is in, as far as its log tells; otherwise empty.
    std::string_view amid() const;

    const Log& log() const { return reader_.log(); }
    const std::string& bytes() const { return bytes_; }
    std::string unfinished() const { return lines_.rest(); }
    double seconds() const;

private:
    void show(std::string_view line);
    std::string progress() const;
    void clear();

    bool verbose_, terminal_;
    bool progress_shown_ = false;
    int write_error_ = 0; // errno of the first write to standard output that failed
    std::chrono::steady_clock::time_point start_, next_progress_;
    std::string stage_, bytes_;
    std::vector<std::string_view> names_;
    LineSplitter lines_;
    LogReader reader_;
};

} // namespace exitaudit
