// `exitaudit boot`: from the options to the report.
#pragma once

#include "exitaudit/boot/options.hpp"

namespace exitaudit {

// Boots Linux on the lane's host, prints the report, writes --json and --junit; returns the exit code.
// 1 if the ledger's final counts are not the host's own instruments'. Error if it cannot run.
int run_boot(const BootOptions& options);

} // namespace exitaudit
