// Bochs's configuration, and whether its debugger waits for a command.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace exitaudit {

inline constexpr std::uint64_t bochs_memory = 512 << 20;

// A PC with this CPU model, option ROM and PVH image (paths as Bochs opens them), COM1 on standard error and
// COM2 on descriptor 3.
std::string bochs_configuration(std::string_view cpu_model, std::string_view rom, std::string_view image);

// Whether this version waits for a command of its debugger before it runs.
bool bochs_starts_in_debugger(std::string_view version);

} // namespace exitaudit
