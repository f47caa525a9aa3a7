// What memory must hold for Linux to be entered by PVH (Xen's "x86/HVM direct boot
// ABI"), as one image: an option ROM then need only read it from a disk.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace exitaudit {

// Where the image belongs. It begins with the entry's address (4 bytes), the number of
// its pieces (4 bytes) and the start info. The other end is run/embedded-host/pvh-rom.S.
inline constexpr std::uint32_t pvh_image_address = 0xfe0000;

// What one command to the disk reads: 256 sectors. The image is a multiple of it.
inline constexpr std::uint64_t pvh_image_piece = 256 * 512;

// The image of this ELF kernel, initramfs and command line, for a PC with so much
// memory, the last 64 KiB of which are the BIOS's ACPI tables. Error if the kernel
// has no PVH entry, starts elsewhere than at 16 MiB, or memory is too small.
std::string make_pvh_image(std::string_view kernel, std::string_view initramfs, std::string_view command_line,
                           std::uint64_t memory);

} // namespace exitaudit
