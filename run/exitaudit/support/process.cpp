// Running another program, by Boost.Process and Asio: the only file that knows them.
#include "exitaudit/support/process.hpp"

#include "exitaudit/support/exit_code.hpp"
#include "exitaudit/support/run_time.hpp"

#include <array>
#include <atomic>
#include <csignal>
#include <utility> // Boost 1.74 forgets to include it for C++20

#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/process/args.hpp>
#include <boost/process/async.hpp>
#include <boost/process/child.hpp>
#include <boost/process/error.hpp>
#include <boost/process/exe.hpp>
#include <boost/process/extend.hpp>
#include <boost/process/group.hpp>
#include <boost/process/io.hpp>
#include <boost/process/search_path.hpp>

#include <linux/close_range.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

namespace exitaudit {

struct SignalsCaught::Set {
    boost::asio::io_context loop;
    boost::asio::signal_set signals{loop, SIGINT, SIGTERM, SIGHUP};
    std::atomic<int> first{0}; // 0: none
};

namespace {

std::atomic<SignalsCaught*> catcher = nullptr;

namespace asio = boost::asio;
namespace bp = boost::process;
using Clock = std::chrono::steady_clock;

constexpr auto tick_interval = std::chrono::milliseconds(250);

// Asio installs its handlers without SA_RESTART: a signal, also SIGCHLD, would end a write to a slow terminal
// and lose the line.
void let_writes_go_on() {
    for (const int signal : {SIGCHLD, SIGINT, SIGTERM, SIGHUP}) {
        struct sigaction action = {};
        sigaction(signal, nullptr, &action);
        action.sa_flags |= SA_RESTART;
        sigaction(signal, &action, nullptr);
    }
}

// One end of the child's output, read until it closes.
class Stream {
public:
    // `heard` becomes true when there is output.
    Stream(asio::io_context& loop, std::function<void(std::string_view)> sink, bool& heard)
        : pipe_(loop), sink_(std::move(sink)), heard_(heard) {}

    bp::async_pipe& pipe() { return pipe_; }

    void read() {
        pipe_.async_read_some(asio::buffer(buffer_),
                              [this](const boost::system::error_code& error, std::size_t size) {
                                  heard_ = heard_ || size;
                                  if (sink_ && size) sink_({buffer_.data(), size});
                                  if (!error) read();
                              });
    }
private:
    bp::async_pipe pipe_;
    std::function<void(std::string_view)> sink_;
    bool& heard_;
    std::array<char, 4096> buffer_{};
};

class Run {
public:
    Run(std::chrono::milliseconds limit, const Watcher& watcher)
        : watcher_(watcher), limit_(limit), show_tick_(uncounted(watcher.tick)),
          out_(loop_, uncounted(watcher.out), heard_), err_(loop_, uncounted(watcher.err), heard_),
          ticker_(loop_), signals_(loop_, SIGINT, SIGTERM, SIGHUP) {}

    Ending operator()(const std::filesystem::path& program, const std::vector<std::string>& arguments) {
        // The signals are caught before the child exists, so none can orphan it.
        signals_.async_wait([this](const boost::system::error_code& error, int signal) {
            if (!error) stop(Ending::How::interrupted, signal);
        });
        if (auto* const caught = catcher.load())
            if (const auto signal = caught->signal()) return {Ending::How::interrupted, *signal};
        start(program, arguments);
        if (watcher_.started) watcher_.started(child_.id());
        out_.read();
        err_.read();
        tick();
        loop_.run();
        if (stopped_) return *stopped_;
        const int status = child_.native_exit_code();
        if (WIFSIGNALED(status)) return {Ending::How::signalled, WTERMSIG(status), took_};
        return {Ending::How::exited, WEXITSTATUS(status), took_};
    }
private:
    void start(const std::filesystem::path& program, const std::vector<std::string>& arguments) {
        const auto parent = getpid();
        std::error_code error;
        child_ = bp::child(
            bp::exe = program.string(), bp::args = arguments, bp::std_in<bp::null, bp::std_out> out_.pipe(),
            bp::std_err > err_.pipe(), group_, loop_, error,
            bp::on_exit = [this](int, const std::error_code&) { ended(); },
            bp::extend::on_exec_setup =
                [parent](auto&) {
                    prctl(PR_SET_PDEATHSIG, SIGKILL);
                    // Another thread's pipe, made just now, would not close before this child ends.
                    close_range(STDERR_FILENO + 1, ~0U, CLOSE_RANGE_CLOEXEC);
                    if (getppid() != parent) // we died before the request was in place
                        _exit(1);
                });
        if (error) throw failure("cannot start {}: {}", program.string(), error.message());
        let_writes_go_on();
    }

    void tick() {
        ticker_.expires_after(tick_interval);
        ticker_.async_wait([this](const boost::system::error_code& error) {
            if (error) return;
            if (show_tick_) show_tick_();
            if (is_over()) return stop(Ending::How::timed_out, 0);
            tick();
        });
    }

    // The watcher may write to a slow reader, while nobody here serves the program.
    template <typename... Args>
    std::function<void(Args...)> uncounted(const std::function<void(Args...)>& watch) {
        if (!watch) return {};
        return [this, &watch](Args... args) {
            const auto begin = Clock::now();
            watch(args...);
            uncounted_ += Clock::now() - begin;
        };
    }

    std::chrono::milliseconds passed() const {
        return std::chrono::duration_cast<std::chrono::milliseconds>(Clock::now() - start_ - uncounted_);
    }

    bool is_over() {
        constexpr int most_on_clock = 8;
        if (watcher_.limits == Limits::awake) waited_ = waited_for_cpu(child_.id());
        took_ = watcher_.limits == Limits::awake ? passed() - waited_ : cpu_time(child_.id());
        if (std::exchange(heard_, false)) heard_at_ = took_;
        return took_ >= limit_ || passed() >= most_on_clock * limit_ ||
               (watcher_.silence.count() != 0 && took_ - heard_at_ >= watcher_.silence);
    }

    void stop(Ending::How how, int signal) {
        stopped_ = Ending{how, signal, took_};
        std::error_code ignored; // it may have ended by itself just now
        group_.terminate(ignored);
    }

    // Ends only what could keep the loop alive; the pipes end by themselves.
    void ended() {
        ticker_.cancel();
        if (!stopped_ && watcher_.limits == Limits::awake) took_ = passed() - waited_;
        signals_.cancel();
    }

    const Watcher& watcher_;
    const std::chrono::milliseconds limit_;
    const Clock::time_point start_ = Clock::now();
    Clock::duration uncounted_{};
    const std::function<void()> show_tick_;
    std::chrono::milliseconds took_{}, waited_{}, heard_at_{};
    bool heard_ = false;
    asio::io_context loop_;
    Stream out_, err_;
    asio::steady_timer ticker_;
    asio::signal_set signals_;
    bp::group group_;
    bp::child child_;
    std::optional<Ending> stopped_;
};

} // namespace

SignalsCaught::SignalsCaught() : set_(std::make_unique<Set>()) {
    set_->signals.async_wait([set = set_.get()](const boost::system::error_code& error, int signal) {
        if (!error) set->first = signal;
    });
    let_writes_go_on();
    catcher = this;
}

SignalsCaught::~SignalsCaught() { catcher = nullptr; }

std::optional<int> SignalsCaught::signal() {
    set_->loop.poll();
    return set_->first ? std::optional<int>(set_->first) : std::nullopt;
}

std::filesystem::path search_path(const std::string& program) {
    return program.find('/') == std::string::npos ? bp::search_path(program).string() : program;
}

Ending run_process(const std::vector<std::string>& words, std::chrono::milliseconds limit,
                   const Watcher& watcher) {
    const auto program = search_path(words.front());
    if (program.empty()) throw Error(words.front() + " is not in PATH");
    return Run(limit, watcher)(program, {words.begin() + 1, words.end()});
}

Ending run_to_end(const std::vector<std::string>& words, std::chrono::milliseconds limit,
                  const Watcher& watcher) {
    const auto ending = run_process(words, limit, watcher);
    if (ending.how == Ending::How::interrupted) throw Interrupted{ending.status};
    return ending;
}

Output output_of(const std::vector<std::string>& words, std::chrono::milliseconds limit, std::size_t most,
                 Limits limits) {
    Output output;
    const auto keep_start = [most](std::string& kept) {
        return [&kept, most](std::string_view bytes) {
            kept += bytes.substr(0, most - std::min(most, kept.size()));
        };
    };
    Watcher watcher;
    watcher.out = keep_start(output.out);
    watcher.err = keep_start(output.err);
    watcher.limits = limits;
    output.ending = run_to_end(words, limit, watcher);
    return output;
}

} // namespace exitaudit
