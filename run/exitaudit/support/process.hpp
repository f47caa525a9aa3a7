// Running another program under a time limit, with its output streamed to callbacks.
// The program ends with exitaudit, even by SIGKILL.
#pragma once

#include <chrono>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace exitaudit {

struct Ending {
    enum class How { exited, signalled, timed_out, interrupted };
    How how = How::exited;
    int status = 0;                   // exit status; or the number of the signal, to the program or to us
    std::chrono::milliseconds took{}; // as its limit counts

    bool exited_with(int value) const { return how == How::exited && status == value; }
    bool by_us() const { return how == How::timed_out || how == How::interrupted; }
};

// What a time limit counts: the time on the clock in which the program did not wait for a CPU, for one
// process that works alone; or the CPU time of the program and all that it starts. At most 8 times the limit
// passes on the clock, without what the watcher takes, whose own output may have a slow reader.
enum class Limits { awake, cpu };

// Called on the caller's own thread. Any may be empty.
struct Watcher {
    std::function<void(std::string_view)> out, err; // bytes as they come, not lines
    std::function<void()> tick;                     // several times a second
    std::function<void(int)> started;               // with the process's number
    Limits limits = Limits::awake;
    std::chrono::milliseconds silence{}; // a second limit, for how long it writes nothing; 0: none
};

// The program's path by PATH, or its name if that is a path; empty if it is not found.
std::filesystem::path search_path(const std::string& program);

// Runs words[0] (searched in PATH) to its end, to the time limit, or until SIGINT,
// SIGTERM or SIGHUP arrives here; in the last two cases its process group is killed.
// Standard input is empty. Error if it cannot be started.
Ending run_process(const std::vector<std::string>& words, std::chrono::milliseconds limit,
                   const Watcher& watcher);

// SIGINT, SIGTERM or SIGHUP arrived. main() returns 128 + signal.
struct Interrupted {
    int signal;
};

// The same, but throws Interrupted.
Ending run_to_end(const std::vector<std::string>& words, std::chrono::milliseconds limit,
                  const Watcher& watcher);

struct Output {
    Ending ending;
    std::string out, err;
};

// What a program writes, of each stream at most `most` bytes. Error if it cannot be started; Interrupted.
Output output_of(const std::vector<std::string>& words,
                 std::chrono::milliseconds limit = std::chrono::seconds(10), std::size_t most = 16 << 20,
                 Limits limits = Limits::awake);

// While it exists, these signals do not end exitaudit, so that it can clean up; and after one of them no
// program is started any more, on any thread: run_process() returns as if interrupted. One at a time.
class SignalsCaught {
public:
    SignalsCaught();
    ~SignalsCaught();
    SignalsCaught(const SignalsCaught&) = delete;
    SignalsCaught& operator=(const SignalsCaught&) = delete;

    std::optional<int> signal(); // The first signal that arrived. From any thread.
private:
    struct Set;
    std::unique_ptr<Set> set_;
};

} // namespace exitaudit
