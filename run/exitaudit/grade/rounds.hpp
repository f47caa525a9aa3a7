// The runs that a host is put through: everything, with a glance at the vendor that a
// patch does not name beside it; then with two vCPUs, beside another VM.
#pragma once

#include "exitaudit/grade/audit.hpp"

#include <optional>

namespace exitaudit::grade {

struct Rounds {
    std::filesystem::path directory, build; // the first holds the modules, and gets the reports
    std::string kernel;
    std::vector<std::string> plan; // not empty: that alone
    unsigned vcpus;
    std::function<void(const std::string&)> stage;
    std::function<void()> tick;
    std::function<std::chrono::seconds()> left; // of the submission's time

    struct Outcome {
        std::vector<Audit> audits;   // one a lane, with what the later round adds to it
        std::optional<Remark> other; // about the lane glanced at
    };

    // `other`: the lane to glance at; empty: none.
    Outcome run(const std::vector<std::string>& lanes, const std::string& other) const;

private:
    void again(std::vector<Audit>& audits) const;
};

// Adds to the first run's audit what the guest with two vCPUs, beside another VM, found besides.
void add_news(Audit& audit, const Audit& later);

} // namespace exitaudit::grade
