// Reading /proc.
#include "exitaudit/support/run_time.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>

#include <unistd.h>

namespace exitaudit {
namespace {

namespace fs = std::filesystem;
using std::chrono::milliseconds;

template <typename Do> void for_each_thread(int process, Do act) {
    std::error_code gone; // it may end while we look
    fs::directory_iterator thread(fmt::format("/proc/{}/task", process), gone);
    for (; !gone && thread != fs::directory_iterator(); thread.increment(gone)) act(thread->path());
}

// Of the process itself: user, system, and both of the children that it waited for.
milliseconds own_cpu_time(int process) {
    std::ifstream file(fmt::format("/proc/{}/stat", process));
    std::string text;
    std::getline(file, text); // fails, and does not throw, if the process has just ended
    const auto name_end = text.rfind(')');
    if (name_end == std::string::npos) return {};
    std::istringstream fields(text.substr(name_end + 1));
    constexpr int before = 11; // from the state on, the third field; utime is the fourteenth
    std::string skipped;
    for (int i = 0; i < before; ++i) fields >> skipped;
    long ticks = 0;
    for (long value = 0, i = 0; i < 4 && fields >> value; ++i) ticks += value;
    return milliseconds(ticks * 1000 / sysconf(_SC_CLK_TCK));
}

} // namespace

milliseconds waited_for_cpu(int process) {
    std::chrono::nanoseconds longest{};
    for_each_thread(process, [&](const fs::path& thread) {
        std::ifstream file(thread / "schedstat");
        long long ran = 0, waited = 0;
        if (file >> ran >> waited) longest = std::max(longest, std::chrono::nanoseconds(waited));
    });
    return std::chrono::duration_cast<milliseconds>(longest);
}

milliseconds cpu_time(int process) {
    auto time = own_cpu_time(process);
    for_each_thread(process, [&](const fs::path& thread) {
        std::ifstream children(thread / "children");
        for (int child = 0; children >> child;) time += cpu_time(child);
    });
    return time;
}

} // namespace exitaudit
