// The runs that a host is put through: everything; with several vCPUs; beside another VM.
#pragma once

#include "audit.hpp"

#include <optional>

namespace exitaudit::grade {

struct Rounds {
    std::filesystem::path modules, directory, build;
    std::string kernel;
    std::vector<std::string> plan; // not empty: that alone
    unsigned vcpus;
    std::function<void(const std::string&)> stage;
    std::function<void()> tick;
    std::function<std::chrono::seconds()> left; // of the submission's time

    // One audit a lane, with what the later rounds add to it.
    std::vector<Audit> run(const std::vector<std::string>& lanes) const;

    // A short look at a lane whose vendor the patch does not name.
    std::optional<Remark> glance(const std::string& lane) const;
};

// What a round found that was not there in the first one.
std::vector<Remark> news(const Audit& first, const Audit& later);

} // namespace exitaudit::grade
