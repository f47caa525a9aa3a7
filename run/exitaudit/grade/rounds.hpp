// The runs that a host is put through: everything, with a glance at the vendor that a
// patch does not name beside it; then with two vCPUs, beside another VM.
#pragma once

#include "exitaudit/grade/audit.hpp"

#include <optional>

namespace exitaudit::grade {

struct Rounds {
    const Places& places;
    std::filesystem::path directory; // that has the modules, and gets the logs
    HostSpec spec;                   // of the first round; a plan that is not empty: that alone
    std::function<void(const std::string&)> stage;
    std::function<void()> tick;
    std::function<std::chrono::seconds()> left; // of the submission's time

    struct Outcome {
        std::vector<Audit> audits;    // one per lane, with what the later round adds to it
        std::optional<Finding> other; // about the lane of the other vendor
    };

    // `other`: the lane of the vendor that the patch does not name, to run a few triggers on; nullptr: none.
    Outcome run(const std::vector<const Lane*>& lanes, const Lane* other) const;

private:
    void again(std::vector<Audit>& audits) const;
};

// Adds to the first run's audit what the guest with two vCPUs, beside another VM, found besides.
void add_news(Audit& audit, const Audit& later);

} // namespace exitaudit::grade
