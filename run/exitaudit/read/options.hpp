// The command lines of `exitaudit read` and `exitaudit top`.
#pragma once

#include "exitaudit/audit/options.hpp"

#include <CLI/App.hpp>

namespace exitaudit {

void add_read(CLI::App& app, ReadOptions& options);
void add_top(CLI::App& app, TopOptions& options);

} // namespace exitaudit
