// Which exitaudit this is.
#pragma once

namespace exitaudit {

// As `git describe` names it, or "unreleased".
extern const char* const version;

} // namespace exitaudit
