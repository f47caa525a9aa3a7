// How long a process could run: on a busy machine, the time on the clock says little of it.
#pragma once

#include <chrono>

namespace exitaudit {

// How long the process's thread that waited most was ready to run, and had no CPU. 0 if the kernel does not
// say (CONFIG_SCHED_INFO), or there is no such process. Source: /proc/PID/task/TID/schedstat.
std::chrono::milliseconds waited_for_cpu(int process);

// The CPU time, user and system, of the process and of all below it, those that have ended and were waited
// for included. 0 if there is no such process. Source: /proc/PID/stat, /proc/PID/task/TID/children.
std::chrono::milliseconds cpu_time(int process);

} // namespace exitaudit
