// The two things exitaudit does: run an audit, or judge a log of one.
#pragma once

#include "exitaudit/audit/options.hpp"

namespace exitaudit {

// Boots the guest on a host, shows and judges what it reports. Returns the exit
// code; 128 + N if signal N interrupted it. Error if it could not start.
int run_audit(const RunOptions& options);

// Judges a log captured elsewhere. Returns the exit code. Error if it is unreadable.
int judge_log(const JudgeOptions& options);

} // namespace exitaudit
