// The version, in a file of its own because it changes with every commit.
#include "exitaudit/support/task.hpp"

namespace exitaudit {

const char* const version = EXITAUDIT_VERSION;

} // namespace exitaudit
