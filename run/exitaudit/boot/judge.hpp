// The verdict on a boot.
#pragma once

#include "exitaudit/boot/log.hpp"
#include "exitaudit/boot/options.hpp"
#include "exitaudit/lanes/lane.hpp"
#include "exitaudit/log/judge.hpp"
#include "exitaudit/witness/host_result.hpp"

namespace exitaudit {

// Did our guest come to the end of its phases ("boot.phases")? What another guest marks is its
// own affair, and one that --stop ends need not come so far.
HostResult phases_reached(const BootLog& log, const BootOptions& options);

// Judges a boot by how it ended and by `host`: what the instruments, phases_reached() and
// judge_guest_read() say.
Verdict judge_boot(const Session& session, const BootLog& log, const BootOptions& options,
                   const std::vector<HostResult>& host);

// The guest runs on while it reads, and reading itself is exits. So the host looks before and
// after: what stood still in between must have been read exactly, the rest within. Without a
// ledger of the host's, `exitaudit read` is to end with the code that says so.
HostResult judge_guest_read(const BootLog& log);

} // namespace exitaudit
