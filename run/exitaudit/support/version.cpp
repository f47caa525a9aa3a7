// The version, in a file of its own because it changes with every commit.
#include "exitaudit/support/task.hpp"

namespace exitaudit {

const char* const program_version = EXITAUDIT_VERSION;

} // namespace exitaudit
