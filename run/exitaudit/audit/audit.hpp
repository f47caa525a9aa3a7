// An audit: a lane runs the guest, and what it and the host's instruments report is judged.
#pragma once

#include "exitaudit/lanes/lane.hpp"
#include "exitaudit/log/judge.hpp"

namespace exitaudit {

struct AuditReport {
    std::string serial_log;
    Log log; // the same, read
    Verdict verdict;
    Circumstances circumstances;
    std::string amid{};               // which audit the guest was in when its log ended; empty: none
    std::optional<int> signal{};      // that interrupted it
    std::chrono::milliseconds took{}; // of its time limit
};

// Runs the guest of this spec on the lane's host. Several may run at once, each on a thread
// of its own. Error if something that the lane needs is missing.
AuditReport audit(const Lane& lane, const HostSpec& spec, const Places& places, const Listener& listener);

// A serial log captured elsewhere. `take` sees each line.
AuditReport audit_of_log(std::string_view bytes, const std::function<void(std::string_view)>& take);

} // namespace exitaudit
