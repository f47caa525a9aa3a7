// What main() runs, and the version.
#pragma once

#include <functional>

namespace CLI {
class App;
}

namespace exitaudit {

// Performs what the user asked for. Returns the exit code. Error if it cannot be performed.
using Task = std::function<int()>;

// As `git describe` names it, or "unreleased".
extern const char* const program_version;

} // namespace exitaudit
