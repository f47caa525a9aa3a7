// The ledgers of running VMs, for `exitaudit host top`.
#pragma once

#include "exitaudit/host/machine.hpp"
#include "exitaudit/read/rates.hpp"

namespace exitaudit::host {

// Error if the KVM of the machine with this root file system keeps no ledger, or if the caller may not read
// it.
void require_ledger(const Machine& machine, const std::filesystem::path& root);

// The ledger of each vCPU of each VM now, by debugfs.
Sample take_sample(const Machine& machine, const std::filesystem::path& root);

} // namespace exitaudit::host
