// What the user sees while a guest runs: its lines on standard output as they
// arrive, and progress on standard error while there are none.
#pragma once

#include "exitaudit/audit/recorder.hpp"
#include "exitaudit/support/say.hpp"

#include <chrono>

namespace exitaudit {

class Screen {
public:
    // `names`: what the guest will run, in order.
    Screen(bool verbose, std::vector<std::string_view> names);

    void guest(std::string_view bytes); // bytes of the guest's log, in any portions
    void stage(std::string_view what);  // what is going on
    void note(std::string_view text);   // a line that only --verbose shows
    void tick();                        // Called several times a second. Shows progress after a silence.
    void finish(); // Removes the progress line. Error if a write to standard output failed.
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
