// The terminal by termios and ECMA-48's control sequences, those of xterm for the screen.
#include "exitaudit/read/terminal.hpp"

#include "exitaudit/support/exit_code.hpp"

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>

#include <poll.h>
#include <sys/ioctl.h>
#include <sys/signalfd.h>
#include <unistd.h>

namespace exitaudit {
namespace {

constexpr auto enter = "\x1b[?1049h\x1b[?25l"; // another screen, no cursor
constexpr auto leave = "\x1b[?25h\x1b[?1049l";

winsize window() {
    winsize size{};
    if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_row == 0 || size.ws_col == 0)
        return {.ws_row = 24, .ws_col = 80, .ws_xpixel = 0, .ws_ypixel = 0}; // a serial line does not know
    return size;
}

} // namespace

Terminal::Terminal() : has_keys_(isatty(STDIN_FILENO) == 1) {
    sigset_t signals;
    sigemptyset(&signals);
    for (const int signal : {SIGINT, SIGTERM, SIGHUP, SIGWINCH}) sigaddset(&signals, signal);
    signals_ = signalfd(-1, &signals, SFD_CLOEXEC);
    if (signals_ < 0) throw failure("cannot wait for signals: {}", std::strerror(errno));
    sigprocmask(SIG_BLOCK, &signals, &signals_before_);
    if (has_keys_) {
        tcgetattr(STDIN_FILENO, &before_);
        auto keys = before_;
        keys.c_lflag &= ~static_cast<tcflag_t>(ICANON | ECHO);
        keys.c_cc[VSUSP] = _POSIX_VDISABLE; // a stop would leave the terminal like this
        tcsetattr(STDIN_FILENO, TCSANOW, &keys);
    }
    fmt::print("{}", enter);
}

Terminal::~Terminal() {
    std::fputs(leave, stdout);
    std::fflush(stdout);
    if (has_keys_) tcsetattr(STDIN_FILENO, TCSANOW, &before_);
    close(signals_);
    sigprocmask(SIG_SETMASK, &signals_before_, nullptr);
}

std::size_t Terminal::height() const { return window().ws_row; }

void Terminal::show(const std::vector<std::string>& lines) const {
    const auto [rows, width, x, y] = window();
    std::string screen = "\x1b[H";
    for (std::size_t i = 0; i < std::min<std::size_t>(lines.size(), rows); ++i)
        screen += (i ? "\r\n" : "") + lines[i].substr(0, width) + "\x1b[K";
    fmt::print("{}\x1b[J", screen);
    std::fflush(stdout);
}

std::optional<Terminal::Event> Terminal::wait_until(std::chrono::steady_clock::time_point end) {
    using namespace std::chrono;
    // Rounded up: otherwise poll() returns at once until the time has come.
    const auto left = ceil<milliseconds>(end - steady_clock::now()).count();
    pollfd sources[] = {{signals_, POLLIN, 0}, {has_keys_ ? STDIN_FILENO : -1, POLLIN, 0}};
    if (poll(sources, std::size(sources), static_cast<int>(std::clamp<long>(left, 0, 1'000'000'000))) <= 0)
        return std::nullopt;
    Event event;
    signalfd_siginfo signal;
    if (sources[0].revents && read(signals_, &signal, sizeof(signal)) == sizeof(signal))
        event.signal = static_cast<int>(signal.ssi_signo);
    if (sources[1].revents && read(STDIN_FILENO, &event.key, 1) != 1) has_keys_ = false; // hung up
    return event;
}

} // namespace exitaudit
