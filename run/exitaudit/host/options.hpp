// The command `exitaudit host`.
#pragma once

#include "exitaudit/support/task.hpp"

namespace exitaudit::host {

void add_host(CLI::App& app, Task& task);

} // namespace exitaudit::host
