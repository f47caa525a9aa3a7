// The memory that PVH (Xen's "x86/HVM direct boot ABI") wants when it enters Linux, as one image that an
// option ROM reads from a disk.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace exitaudit {

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
