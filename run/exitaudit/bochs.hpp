// Bochs's input: its configuration and the commands for its debugger, as text.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace exitaudit {

inline constexpr std::uint64_t bochs_memory = 512 << 20;

// A PC with this CPU model, the option ROM and the PVH image (paths as Bochs opens
// them), COM1 on standard error and COM2 on descriptor 3.
std::string bochs_configuration(std::string_view cpu_model, std::string_view rom, std::string_view image);

// What the debugger does with a PVH image of this size: arrange memory, then go.
std::string bochs_debugger_commands(std::uint64_t image_size);

} // namespace exitaudit
