// A terminal that shows one screen after another and is restored in the end.
#pragma once

#include <chrono>
#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include <signal.h>
#include <termios.h>

namespace exitaudit {

// While it exists, keys are not echoed and come at once, standard output shows another
// screen, and signals that end or resize wait until they are asked for.
class Terminal {
public:
    Terminal();
    ~Terminal();
    Terminal(const Terminal&) = delete;
    Terminal& operator=(const Terminal&) = delete;

    std::size_t height() const; // in lines

    // From the top, each line cut where the screen ends.
    void show(const std::vector<std::string>& lines) const;

    struct Event {
        char key = 0;   // 0: none
        int signal = 0; // SIGINT, SIGTERM, SIGHUP or SIGWINCH; 0: none
    };

    // The next one; nothing if there is none until then.
    std::optional<Event> wait_until(std::chrono::steady_clock::time_point end);
private:
    bool has_keys_; // standard input is a terminal
    termios before_{};
    sigset_t signals_before_{};
    int signals_; // a signalfd
};

} // namespace exitaudit
