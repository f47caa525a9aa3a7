// The exit codes of exitaudit, which scripts rely on, and the one exception that
// carries one of them to main.
#pragma once

#include <fmt/core.h>

#include <stdexcept>
#include <string>
#include <utility>

namespace exitaudit {

enum class ExitCode : int {
    pass = 0,          // every audit passed
    audit_failed = 1,  // the host's ledger is wrong, or the host crashed
    usage = 2,         // the command line or the plan is wrong
    could_not_run = 3, // tool missing, timeout, guest died, log cut off or contradictory
    not_patched = 4,   // the host keeps no ledger
    no_series = 5,     // no series of ours applies to the kernel tree
    refused = 6,       // the machine is not fit for what was asked; nothing was changed
    not_built = 125,   // the kernel tree does not compile; `git bisect run` skips the commit
};

// Ends the program. The message is one line: what is wrong, then what to do next.
struct Error : std::runtime_error {
    ExitCode code;

    explicit Error(const std::string& message, ExitCode why = ExitCode::could_not_run)
        : std::runtime_error(message), code(why) {}
};

// An Error that says why something could not be done.
template <typename... Args> Error failure(fmt::format_string<Args...> message, Args&&... args) {
    return Error(fmt::format(message, std::forward<Args>(args)...));
}

// An Error that says what is wrong with the command line or the plan.
template <typename... Args> Error usage_error(fmt::format_string<Args...> message, Args&&... args) {
    return Error(fmt::format(message, std::forward<Args>(args)...), ExitCode::usage);
}

} // namespace exitaudit
