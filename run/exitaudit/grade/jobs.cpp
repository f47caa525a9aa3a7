// Cores and memory, and what a submission takes of them.
#include "exitaudit/grade/jobs.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <fstream>
#include <limits>
#include <thread>

namespace exitaudit::grade {
namespace {

// Two lanes, side by side: an emulated host takes a core and 700 MB.
constexpr unsigned cores_each = 2;
constexpr std::uint64_t memory_each = 1'400'000'000;
constexpr auto no_limit = std::numeric_limits<std::uint64_t>::max();

// The number after a name in a file of lines like "MemAvailable: 1000 kB".
std::uint64_t number_in(const std::filesystem::path& file, std::string_view name) {
    std::ifstream stream(file);
    std::uint64_t number = 0;
    for (std::string word; stream >> word;)
        if (word == name && stream >> number) break;
    return number;
}

// A file's only number; `otherwise` if it has none.
std::uint64_t number_of(const std::filesystem::path& file, std::uint64_t otherwise) {
    std::uint64_t number = 0;
    return std::ifstream(file) >> number ? number : otherwise;
}

std::filesystem::path own_control_group() {
    std::ifstream lines("/proc/self/cgroup");
    for (std::string line; std::getline(lines, line);)
        if (line.starts_with("0::/")) return line.substr(4);
    return {};
}

} // namespace

std::uint64_t left_by_control_groups(const std::filesystem::path& root, std::filesystem::path path) {
    auto left = no_limit;
    for (;; path = path.parent_path()) {
        const auto group = root / path;
        const auto limit = number_of(group / "memory.max", no_limit);
        const auto used = number_of(group / "memory.current", 0);
        const auto cached = std::min(used, number_in(group / "memory.stat", "inactive_file"));
        if (limit != no_limit) left = std::min(left, limit - std::min(limit, used - cached));
        if (path.empty()) return left;
    }
}

Machine Machine::find() {
    return {std::max(1U, std::thread::hardware_concurrency()),
            std::min(number_in("/proc/meminfo", "MemAvailable:") * 1024,
                     left_by_control_groups("/sys/fs/cgroup", own_control_group()))};
}

Jobs jobs_for(unsigned wanted, const Machine& machine) {
    const auto fit = static_cast<unsigned>(std::clamp<std::uint64_t>(machine.memory / memory_each, 1, 1000));
    const bool both = machine.memory >= memory_each;
    if (wanted == 0) return {std::clamp(machine.cores / cores_each, 1U, fit), {}, both};
    if (wanted <= fit) return {wanted, {}, both};
    return {
        fit,
        fmt::format("grading {} at once, not {}: each takes up to {} MB of memory, and {} MB are available",
                    fit, wanted, memory_each / 1'000'000, machine.memory / 1'000'000),
        both};
}

} // namespace exitaudit::grade
