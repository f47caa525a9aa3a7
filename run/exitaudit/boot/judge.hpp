// The verdict on a boot.
#pragma once

#include "exitaudit/boot/log.hpp"
#include "exitaudit/boot/options.hpp"
#include "exitaudit/lanes/lane.hpp"
#include "exitaudit/log/judge.hpp"
#include "exitaudit/witness/host_result.hpp"

namespace exitaudit {

// Did our guest reach the end of its phases ("boot.phases")? Another guest may mark what it likes, and --stop
// may end any guest early.
HostResult phases_reached(const BootLog& log, const BootOptions& options);

// Judges a boot by how it ended and by `host`: results of the instruments, phases_reached() and
// judge_guest_read().
Verdict judge_boot(const Session& session, const BootLog& log, const BootOptions& options,
                   const std::vector<HostResult>& host);

// Did the guest read of its ledger what the host's debugfs shows? The guest runs on while it reads, and
// reading causes exits. So the host looks before and after: a number that stood still must have been read
// exactly, another lies between. Without a ledger, `exitaudit read` must end with the code for that.
HostResult judge_guest_read(const BootLog& log);

} // namespace exitaudit
