// Does the guest read of its ledger what the host's debugfs shows?
#pragma once

#include "exitaudit/boot/log.hpp"
#include "exitaudit/witness/host_result.hpp"

namespace exitaudit {

// The guest runs on while it reads, and reading itself is exits. So the host looks before and
// after: what stood still in between must have been read exactly, the rest within. Without a
// ledger of the host's, `exitaudit read` is to end with the code that says so.
HostResult judge_guest_read(const BootLog& log);

} // namespace exitaudit
