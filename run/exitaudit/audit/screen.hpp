// What the user sees while a guest runs: its lines on standard output as they
// arrive, and progress on standard error while there are none.
#pragma once

#include "exitaudit/audit/recorder.hpp"

#include <chrono>

namespace exitaudit {

class Screen {
public:
    // `names`: what the guest will run, in order.
    Screen(bool verbose, std::vector<std::string_view> names);

    // Bytes of the guest's log, in any portions.
    void guest(std::string_view bytes);

    // What is going on.
    void stage(std::string_view what);

    // A line that only --verbose shows.
    void note(std::string_view text);

    // Called several times a second. Shows progress after a silence.
    void tick();

    // Removes the progress line. Error if a write to standard output failed.
    void finish();

private:
    double seconds() const;
    void show(std::string_view line);
    std::string progress() const;
    void clear();

    bool verbose_, terminal_;
    bool progress_shown_ = false;
    int write_error_ = 0; // errno of the first write to standard output that failed
    std::chrono::steady_clock::time_point start_, next_progress_;
    std::string stage_;
    Recorder recorder_;
};

} // namespace exitaudit
