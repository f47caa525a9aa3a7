// One audit by the host's instruments.
#pragma once

#include "log/log.hpp"

#include <string>
#include <vector>

namespace exitaudit {

struct HostResult {
    std::string name; // "host.tracepoint", "host.stats"
    Outcome outcome = Outcome::ok;
    std::string message;
    std::vector<std::string> table; // where they differ, a line each
};

} // namespace exitaudit
