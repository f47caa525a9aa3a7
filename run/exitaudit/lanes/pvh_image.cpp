// Lays out the PVH image: start info and what it points to, kernel, initramfs.
#include "exitaudit/lanes/bochs.hpp"

#include "exitaudit/support/exit_code.hpp"

#include <algorithm>
#include <array>
#include <cstring>
#include <optional>

#include <elf.h>

namespace exitaudit {
namespace {

constexpr std::uint64_t page = 4096, mebibyte = 1 << 20;
constexpr std::uint32_t entry_note = 18; // XEN_ELFNOTE_PHYS32_ENTRY

// Of the boot ABI, version 1.
struct StartInfo {
    std::uint32_t magic = 0x336ec578, version = 1, flags = 0, modules = 1;
    std::uint64_t module_list, command_line, rsdp = 0, memory_map; // no RSDP: Linux searches the BIOS for it
    std::uint32_t memory_map_entries, reserved = 0;
};

struct Module {
    std::uint64_t address, size, command_line = 0, reserved = 0;
};

enum : std::uint32_t { ram = 1, acpi = 3 };

struct MemoryRange {
    std::uint64_t address, size;
    std::uint32_t type, reserved = 0;
};

// The image's first pages.
struct Head {
    std::uint32_t entry, pieces;
    StartInfo start;
    Module initramfs;
    std::array<MemoryRange, 3> memory;
    std::array<char, 2048> command_line; // Linux takes no longer one
};
static_assert(offsetof(Head, start) == 8 && sizeof(StartInfo) == 56 && sizeof(Module) == 32 &&
              sizeof(MemoryRange) == 24);

template <typename T> T read(std::string_view bytes, std::uint64_t offset) {
    T value;
    if (offset > bytes.size() || bytes.size() - offset < sizeof(value))
        throw Error("the embedded host's kernel is cut off: build it again with `make embedded-host`");
    std::memcpy(&value, bytes.data() + offset, sizeof(value));
    return value;
}

std::uint64_t rounded_up(std::uint64_t value, std::uint64_t unit) { return (value + unit - 1) / unit * unit; }

// The entry's address, if it is in these notes.
std::optional<std::uint32_t> find_entry(std::string_view notes) {
    for (std::uint64_t offset = 0; offset < notes.size();) {
        const auto note = read<Elf64_Nhdr>(notes, offset);
        const auto content = offset + sizeof(note) + rounded_up(note.n_namesz, 4);
        if (note.n_type == entry_note) return read<std::uint32_t>(notes, content);
        offset = content + rounded_up(note.n_descsz, 4);
    }
    return std::nullopt;
}

// Copies the kernel's segments to their places, and returns its entry.
std::uint32_t place_kernel(std::string& image, std::string_view kernel) {
    const auto elf = read<Elf64_Ehdr>(kernel, 0);
    std::optional<std::uint32_t> entry;
    for (unsigned i = 0; i < elf.e_phnum; ++i) {
        const auto segment = read<Elf64_Phdr>(kernel, elf.e_phoff + i * sizeof(Elf64_Phdr));
        if (segment.p_type != PT_LOAD && segment.p_type != PT_NOTE) continue;
        if (segment.p_offset > kernel.size())
            throw Error("the embedded host's kernel is cut off: build it again with `make embedded-host`");
        const auto bytes = kernel.substr(segment.p_offset, segment.p_filesz);
        if (segment.p_type == PT_NOTE && !entry) entry = find_entry(bytes);
        if (segment.p_type != PT_LOAD) continue;
        if (segment.p_paddr < 16 * mebibyte)
            throw Error(
                "the embedded host's kernel does not start at 16 MiB: its CONFIG_PHYSICAL_START must say so");
        const auto offset = segment.p_paddr - pvh_image_address;
        image.resize(std::max(image.size(), offset + segment.p_memsz));
        std::ranges::copy(bytes, image.begin() + static_cast<std::ptrdiff_t>(offset));
    }
    if (!entry) throw Error("the embedded host's kernel has no PVH entry: it lacks CONFIG_PVH");
    return *entry;
}

} // namespace

std::string make_pvh_image(std::string_view kernel, std::string_view initramfs, std::string_view command_line,
                           std::uint64_t memory) {
    std::string image;
    image.reserve(memory - pvh_image_address); // or each resize copies all of it
    Head head{};
    head.entry = place_kernel(image, kernel);
    image.resize(rounded_up(image.size(), page));
    head.initramfs = {pvh_image_address + image.size(), initramfs.size()};
    image += initramfs;
    image.resize(rounded_up(image.size(), pvh_image_piece));
    head.pieces = static_cast<std::uint32_t>(image.size() / pvh_image_piece);

    const auto tables = memory - 64 * 1024;
    if (pvh_image_address + image.size() > tables)
        throw Error("the embedded host's kernel and initramfs do not fit in its memory");
    head.memory = {{{0, 0x9fc00, ram}, {mebibyte, tables - mebibyte, ram}, {tables, memory - tables, acpi}}};
    if (command_line.size() >= head.command_line.size())
        throw Error("the embedded host's command line is too long");
    std::ranges::copy(command_line, head.command_line.begin());
    head.start.module_list = pvh_image_address + offsetof(Head, initramfs);
    head.start.command_line = pvh_image_address + offsetof(Head, command_line);
    head.start.memory_map = pvh_image_address + offsetof(Head, memory);
    head.start.memory_map_entries = static_cast<std::uint32_t>(head.memory.size());
    std::memcpy(image.data(), &head, sizeof(head));
    return image;
}

} // namespace exitaudit
