// What was handed in is at fault, and not this machine.
#pragma once

#include "exitaudit/support/exit_code.hpp"

namespace exitaudit {

struct Refused : Error {
    using Error::Error;
};

} // namespace exitaudit
