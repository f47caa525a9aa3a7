// Shows a run as it goes.
#include "exitaudit/audit/screen.hpp"

#include "exitaudit/support/exit_code.hpp"

#include <cerrno>
#include <cstdio>
#include <cstring>

#include <unistd.h>

namespace exitaudit {
namespace {

constexpr auto patience = std::chrono::seconds(2);        // silence before progress is shown
constexpr auto plain_interval = std::chrono::seconds(10); // between lines in a file or pipe

} // namespace

Screen::Screen(bool verbose, std::vector<std::string_view> names)
    : verbose_(verbose), terminal_(isatty(STDERR_FILENO) == 1), start_(std::chrono::steady_clock::now()),
      next_progress_(start_ + patience), recorder_(std::move(names)) {}

double Screen::seconds() const {
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - start_).count();
}

void Screen::guest(std::string_view bytes) {
    recorder_.feed(bytes, [&](const std::string& line, LogReader::Kind kind) {
        if (kind == LogReader::Kind::text || verbose_) show(line);
    });
    if (std::fflush(stdout) != 0 && !write_error_) write_error_ = errno;
}

void Screen::stage(std::string_view what) { stage_ = what; }

void Screen::note(std::string_view text) {
    if (!verbose_) return;
    clear();
    say("{}\n", text);
}

void Screen::tick() {
    const auto now = std::chrono::steady_clock::now();
    if (now < next_progress_) return;
    const auto what = progress();
    if (terminal_) {
        say("\r\x1b[Kexitaudit: {} ({:.0f} s)", what, seconds());
        std::fflush(stderr);
        progress_shown_ = true;
        return;
    }
    next_progress_ = now + plain_interval;
    say("exitaudit: {} ({:.0f} s)\n", what, seconds());
}

// Once the guest has sent its plan, shows how far it is.
std::string Screen::progress() const {
    const auto& log = recorder_.log();
    const auto done = log.results.size();
    if (!log.planned || done >= *log.planned) return stage_;
    const auto current = recorder_.current();
    return fmt::format("{}, {}{}{} of {}", stage_, current, current.empty() ? "" : ", ", done + 1,
                       *log.planned);
}

void Screen::finish() {
    clear();
    if (write_error_) throw failure("cannot write to standard output: {}", std::strerror(write_error_));
}

void Screen::show(std::string_view line) {
    clear();
    next_progress_ = std::chrono::steady_clock::now() + (terminal_ ? patience : plain_interval);
    // fmt::print would throw at a failed write; finish() reports it.
    std::fwrite(line.data(), 1, line.size(), stdout);
    std::fputc('\n', stdout);
}

void Screen::clear() {
    if (progress_shown_) say("\r\x1b[K");
    progress_shown_ = false;
}

} // namespace exitaudit
