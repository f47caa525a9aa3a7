// How a verdict came about: what the screen's last line and a document tell beside it.
#pragma once

#include "exitaudit/witness/host_facts.hpp"
#include "exitaudit/witness/findings.hpp"
#include "exitaudit/witness/witness.hpp"

#include <optional>
#include <string>
#include <vector>

namespace exitaudit {

// How the log came about, and what else bears on it. Empty where that is not known: a
// log captured elsewhere.
struct Circumstances {
    std::string lane, kernel, qemu;
    std::optional<double> seconds;
    std::vector<HostResult> host{};
    std::vector<Finding> findings{};
    std::string emulator{}; // of the host's processor; empty: none
    HostFacts facts{}, machine{};
    std::string machine_kernel{};
    std::vector<ExitRow> exits{};
    bool svm = false; // how they are numbered
    // Of a host of ours, for who wants to know what went wrong there.
    bool timed_out = false, crashed = false;
    std::string trouble{}, complaint{};
    std::vector<std::string> console{};
};

} // namespace exitaudit
