// Which facts are faults. A rule that is in doubt says nothing.
#pragma once

#include "exitaudit/reading/program.hpp"

namespace exitaudit::grade {

// Globals that all vCPUs add to without a lock, and not atomically.
std::vector<Remark> racing_counters(const Program& program);

// Arrays that the guest's ECX, or an exit's reason, indexes beyond their end.
std::vector<Remark> wrong_indexes(const Program& program);

// Counters behind a return.
std::vector<Remark> late_counters(const Program& program);

// Lines for the kernel's log on a path of exits or queries.
std::vector<Remark> log_lines(const Program& program);

} // namespace exitaudit::grade
