// The verdict on a boot.
#pragma once

#include "exitaudit/boot/log.hpp"
#include "exitaudit/boot/options.hpp"
#include "exitaudit/lanes/lane.hpp"
#include "exitaudit/log/judge.hpp"

namespace exitaudit {

// Did our guest come to the end of its phases ("boot.phases")? What another guest marks is its
// own affair, and one that --stop ends need not come so far.
HostResult phases_reached(const BootLog& log, const BootOptions& options);

// Judges a boot by how it ended and by `host`: what the instruments, phases_reached() and
// judge_guest_read() say.
Verdict judge_boot(const Session& session, const BootLog& log, const BootOptions& options,
                   const std::vector<HostResult>& host);

} // namespace exitaudit
