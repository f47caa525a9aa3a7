// `perf kvm stat` as a further witness: how it records a guest, and what it takes to
// run it in the embedded host.
#pragma once

#include "exitaudit/lanes/overlay.hpp"

#include <string>
#include <vector>

namespace exitaudit {

// Where the installed perf is. Error that says what to install.
std::filesystem::path find_perf();

// `command`, recorded from its start to its end in `file`; `perf` is how to call it.
// Exits as `command` does.
std::vector<std::string> perf_record(std::vector<std::string> perf, const std::string& file,
                                     const std::vector<std::string>& command);

// Prints what was recorded in `file`, on standard error.
std::vector<std::string> perf_report(std::vector<std::string> perf, const std::string& file);

// This machine's perf for the embedded host, with its libraries.
std::vector<OverlayFile> perf_files();

// How to call it there.
std::vector<std::string> perf_in_overlay();

} // namespace exitaudit
