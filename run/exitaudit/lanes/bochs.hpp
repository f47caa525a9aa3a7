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

// The image's address. It begins with the entry's address (4 bytes), the number of its pieces (4 bytes) and
// the start info. The other end is run/embedded-host/pvh-rom.S.
inline constexpr std::uint32_t pvh_image_address = 0xfe0000;

// What one disk command reads: 256 sectors. The image is a multiple of it.
inline constexpr std::uint64_t pvh_image_piece = 256 * 512;

// The image for a PC with this much memory, whose last 64 KiB are the BIOS's ACPI tables. Error if the kernel
// has no PVH entry, does not start at 16 MiB, or memory is too small.
std::string make_pvh_image(std::string_view kernel, std::string_view initramfs, std::string_view command_line,
                           std::uint64_t memory);

} // namespace exitaudit
