// Runs a VM's QEMU and writes down, on one clock, what the guest says on the console and
// how its ledger grows:
//   @line TIME TEXT                       a line of the command's standard output
//   @sample TIME {NAME COUNT CYCLES}...   rows of the ledger that have changed since the last sample
//   @end TIME STATUS READING              exits that fell into the reading of the ledger, all added up
// Times are in ns since the command was started. A sample is taken at every interval, at
// each line that starts with "#phase" or "#look", and at the end; "#look" is answered by an
// empty line, so that the guest can wait for the sample. After the limit the command is
// asked to end. run/exitaudit/boot/log.hpp reads this.
#include "ledger_file.hpp"

#include <chrono>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string_view>

#include <poll.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#include <csignal>

namespace exit_sampler {
namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

constexpr std::string_view phase_mark = "#phase", look_mark = "#look";

// How soon to look again for a VM that is not there after this long: seldom in the end,
// because a KVM that is not patched never shows one.
milliseconds search_interval(Clock::duration waited) {
    return milliseconds(1) + std::chrono::duration_cast<milliseconds>(waited / 8);
}

class Sampler {
public:
    Sampler(int process, int input, int output, milliseconds interval, milliseconds limit)
        : process_(process), input_(input), output_(output), interval_(interval), limit_(limit) {}

    void run() {
        for (auto next = start_;;) {
            pollfd wait{output_, POLLIN, 0};
            const auto left = std::chrono::ceil<milliseconds>(next - Clock::now());
            const int ready = poll(&wait, 1, static_cast<int>(std::max<std::int64_t>(left.count(), 0)));
            if (ready > 0 && !take_output()) break;
            if (ready < 0 && errno != EINTR) break;
            if (Clock::now() < next) continue;
            if (limit_.count() != 0 && Clock::now() - start_ >= limit_) kill(process_, SIGTERM);
            sample();
            next = Clock::now() + (ledger_.found() ? interval_ : search_interval(next - start_));
        }
        int status = 0;
        waitpid(process_, &status, 0);
        if (!pending_.empty()) take_line();
        sample();
        const int code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
        std::printf("@end %lld %d %llu\n", now(), code, static_cast<unsigned long long>(reading_));
        std::exit(std::fflush(stdout) == 0 ? code : EXIT_FAILURE);
    }
private:
    long long now() const {
        return std::chrono::duration_cast<std::chrono::nanoseconds>(Clock::now() - start_).count();
    }

    // False when the command has closed it.
    bool take_output() {
        char bytes[4096];
        const auto size = read(output_, bytes, sizeof bytes);
        if (size <= 0) return size < 0 && errno == EINTR;
        for (const char byte : std::string_view(bytes, static_cast<std::size_t>(size))) {
            if (byte == '\n')
                take_line();
            else if (byte != '\r')
                pending_ += byte;
        }
        return true;
    }

    void take_line() {
        const bool look = pending_.starts_with(look_mark);
        if (look || pending_.starts_with(phase_mark)) sample();
        std::printf("@line %lld %s\n", now(), pending_.c_str());
        pending_.clear();
        std::fflush(stdout);
        if (look && write(input_, "\n", 1) != 1)
            std::fprintf(stderr, "exit-sampler: cannot answer the guest: %s\n", std::strerror(errno));
    }

    // Reads twice: what lies between is what one reading lets happen.
    void sample() {
        if (!ledger_.found() && !ledger_.find(process_)) return;
        const auto rows = ledger_.read();
        const auto time = now();
        const auto again = ledger_.read();
        if (!rows || !again) return;
        if (rows->contains("total") && again->contains("total"))
            reading_ += again->at("total").count - rows->at("total").count;
        std::printf("@sample %lld", time);
        for (const auto& [name, row] : *rows)
            if (told_[name] != row)
                std::printf(" %s %llu %llu", name.c_str(), static_cast<unsigned long long>(row.count),
                            static_cast<unsigned long long>(row.cycles));
        std::printf("\n");
        std::fflush(stdout);
        told_ = *rows;
    }

    int process_, input_, output_;
    milliseconds interval_, limit_;
    Clock::time_point start_ = Clock::now();
    LedgerFile ledger_;
    Rows told_;
    std::string pending_;
    std::uint64_t reading_ = 0;
};

[[noreturn]] void fail(const char* what) {
    std::fprintf(stderr, "exit-sampler: %s: %s\n", what, std::strerror(errno));
    std::exit(EXIT_FAILURE);
}

} // namespace
} // namespace exit_sampler

int main(int argc, char** argv) {
    const int interval = argc > 4 ? std::atoi(argv[1]) : 0;
    const int limit = interval > 0 ? std::atoi(argv[2]) : 0;
    if (interval <= 0 || std::string_view(argv[3]) != "--") {
        std::fprintf(stderr,
                     "usage: exit-sampler INTERVAL LIMIT -- COMMAND... (both in ms; a limit of 0 is none)\n");
        return 2;
    }
    int input[2], output[2];
    if (pipe(input) != 0 || pipe(output) != 0) exit_sampler::fail("no pipe");
    const int process = fork();
    if (process < 0) exit_sampler::fail("no process");
    if (process == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL); // the guest must not outlive us
        dup2(input[0], STDIN_FILENO);
        dup2(output[1], STDOUT_FILENO);
        for (const int end : {input[0], input[1], output[0], output[1]}) close(end);
        execvp(argv[4], argv + 4);
        exit_sampler::fail(argv[4]);
    }
    close(input[0]);
    close(output[1]);
    signal(SIGPIPE, SIG_IGN); // a guest that has ended needs no answer
    exit_sampler::Sampler(process, input[1], output[0], std::chrono::milliseconds(interval),
                          std::chrono::milliseconds(limit))
        .run();
}
