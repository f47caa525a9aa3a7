// What `exitaudit boot` tells, as text and as JSON (docs/json.md, kind `boot`).
#pragma once

#include "exitaudit/boot/log.hpp"
#include "exitaudit/boot/options.hpp"
#include "exitaudit/documents/verdict.hpp"
#include "exitaudit/log/judge.hpp"

#include <string>
#include <vector>

namespace exitaudit {

struct BootOutcome {
    Circumstances circumstances;
    Verdict verdict;
};

// What a boot answers, a sentence each: exits until user space, the rate's range, the most and the least
// frequent reasons, what sampling itself caused; and what the guest could not do.
std::vector<std::string> boot_summary(const BootLog& log, bool svm);

// Tables of phases, of reasons and of the rate over time, and the summary, ready to print.
std::string boot_text(const BootLog& log, const BootOutcome& outcome);

// `options.work` is what the guest was given, never 0.
nlohmann::json boot_document(const BootLog& log, const BootOutcome& outcome, const BootOptions& options);

// The kernel's name of the exit, else its number in hexadecimal.
std::string boot_exit_name(bool svm, std::uint64_t exit);

} // namespace exitaudit
