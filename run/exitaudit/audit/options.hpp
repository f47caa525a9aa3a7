// What the user asked `exitaudit run` and `exitaudit judge` for.
#pragma once

#include "exitaudit/lanes/host_spec.hpp"
#include "exitaudit/lanes/sanitizers.hpp"
#include "exitaudit/support/task.hpp"

namespace exitaudit {

struct RunOptions {
    std::string lane = "auto";
    HostSpec host;
    std::filesystem::path tree;                  // kernel source to build the host from; empty: none
    std::filesystem::path patch;                 // to apply to it; empty: none
    std::optional<std::chrono::seconds> timeout; // none: time_limit() chooses
    std::filesystem::path build;                 // empty: where exitaudit itself is
    std::filesystem::path json, junit, log, budget;
    bool costs = false;        // the plan has the word, too
    bool witness_only = false; // judge the host's own instruments; the plan has words for it, too
    bool exact = false;        // cycles are instructions
    bool dry_run = false;
    bool verbose = false;

    // An emulator of one thread takes longer with each vCPU, and with each sanitizer.
    std::chrono::seconds time_limit() const {
        const std::chrono::seconds stress{host.stress ? 120 : 0};
        return timeout.value_or(
            (std::chrono::seconds{120} + stress + (host.vcpus - 1) * std::chrono::seconds{30}) *
            sanitizer_factor(host.sanitizers));
    }
};

struct JudgeOptions {
    std::string log; // a path, or "-": standard input
    std::filesystem::path json, junit;
    bool verbose = false;
};

void add_run(CLI::App& app, Task& task);
void add_judge(CLI::App& app, Task& task);

// Boots the guest, shows and judges what it reports. Returns the exit code; 128 + N after signal N. Error if
// it could not start.
int run_audit(const RunOptions& options);

// Judges a log captured elsewhere. Returns the exit code. Error if it is unreadable.
int judge_log(const JudgeOptions& options);

} // namespace exitaudit
