// How many submissions are graded at once.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>

namespace exitaudit::grade {

struct Machine {
    unsigned cores = 1;
    std::uint64_t memory = 0; // bytes that can be had

    static Machine find();
};

// What the control groups (v2) from `path` upwards leave to a process, in bytes; the most there is if they
// set no limit. Files in the page cache do not count: the kernel drops them. `root`: where the groups are
// mounted.
std::uint64_t left_by_control_groups(const std::filesystem::path& root, std::filesystem::path path);

struct Jobs {
    unsigned count = 1;
    std::string lowered;       // why there are fewer than wanted; empty: there are not
    bool lanes_at_once = true; // the memory is enough for both of a submission
};

// `wanted` at once, or fewer if the memory is too small for them; 0: by cores and memory.
Jobs jobs_for(unsigned wanted, const Machine& machine);

} // namespace exitaudit::grade
