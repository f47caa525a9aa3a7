// Multiboot 1, Multiboot 2 and PVH pass the same information in three formats.
#include "boot/loader.hpp"

#include <cstring>

namespace boot {
namespace {

constexpr std::uint32_t multiboot1_magic = 0x2badb002;
constexpr std::uint32_t multiboot2_magic = 0x36d76289;
constexpr std::uint32_t pvh_mark = 0x00485650; // entry.S

template <typename T> T read(std::uint64_t address) {
    T value;
    std::memcpy(&value, reinterpret_cast<const void*>(address), sizeof value);
    return value;
}

std::string_view text_at(std::uint64_t address) {
    return address ? std::string_view(reinterpret_cast<const char*>(address)) : std::string_view();
}

// QEMU puts the image's file name first, which may contain spaces. Words of a plan contain no '/', so the
// name ends after the last one.
std::string_view without_file_name(std::string_view line) {
    const auto slash = line.rfind('/');
    const auto space = line.find(' ', slash == line.npos ? 0 : slash);
    return space == line.npos ? std::string_view() : line.substr(space + 1);
}

// Multiboot specification 0.6.96, 3.3: flags bit 2: command line, bit 9: loader's name.
LoaderInfo read_multiboot1(std::uint64_t info) {
    const auto flags = read<std::uint32_t>(info);
    const auto line = flags & 1 << 2 ? text_at(read<std::uint32_t>(info + 16)) : std::string_view();
    const auto loader = flags & 1 << 9 ? text_at(read<std::uint32_t>(info + 64)) : std::string_view();
    return {"multiboot1", loader == "qemu" ? without_file_name(line) : line, 0}; // GRUB leaves the name out
}

// Multiboot 2 specification 2.0, 3.6: a list of tags, each at a multiple of 8 bytes.
LoaderInfo read_multiboot2(std::uint64_t info) {
    constexpr std::uint32_t end_tag = 0, command_line_tag = 1, acpi_old_tag = 14, acpi_new_tag = 15;
    constexpr std::uint64_t header = 8;

    LoaderInfo result{"multiboot2", {}, 0};
    for (auto tag = info + header; read<std::uint32_t>(tag) != end_tag;
         tag += (read<std::uint32_t>(tag + 4) + 7) & ~std::uint64_t{7}) {
        const auto type = read<std::uint32_t>(tag);
        if (type == command_line_tag)
            result.command_line = text_at(tag + header);
        else if (type == acpi_old_tag || type == acpi_new_tag)
            result.rsdp = tag + header;
    }
    return result;
}

// Xen's public/arch-x86/hvm/start_info.h.
LoaderInfo read_pvh(std::uint64_t info) {
    return {"pvh", text_at(read<std::uint64_t>(info + 24)), read<std::uint64_t>(info + 32)};
}

}

LoaderInfo read_loader_info(std::uint32_t magic, std::uint32_t address) {
    switch (magic) {
    case multiboot1_magic: return read_multiboot1(address);
    case multiboot2_magic: return read_multiboot2(address);
    case pvh_mark: return read_pvh(address);
    default: return {"unknown", {}, 0};
    }
}

}
