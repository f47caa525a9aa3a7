// Making the overlay archive, by libarchive, and joining it to the base in memory.
#include "exitaudit/lanes/overlay.hpp"

#include "exitaudit/support/exit_code.hpp"

#include <archive.h>
#include <archive_entry.h>

#include <cstdint>
#include <cstring>
#include <memory>
#include <optional>

#include <elf.h>

namespace exitaudit {
namespace {

// Linux needs each archive to start at a multiple of 4; cpio pads to 512.
constexpr int block = 512;

la_ssize_t append_to_string(archive*, void* target, const void* bytes, std::size_t size) {
    static_cast<std::string*>(target)->append(static_cast<const char*>(bytes), size);
    return static_cast<la_ssize_t>(size);
}

void check(archive* writer, int result) {
    if (result != ARCHIVE_OK)
        throw failure("cannot make the overlay archive: {}", archive_error_string(writer));
}

void add(archive* writer, const OverlayFile& file) {
    const std::unique_ptr<archive_entry, decltype(&archive_entry_free)> entry(archive_entry_new(),
                                                                              archive_entry_free);
    archive_entry_set_pathname(entry.get(), file.path.c_str());
    archive_entry_set_filetype(entry.get(), AE_IFREG);
    archive_entry_set_perm(entry.get(), file.executable ? 0755 : 0644);
    archive_entry_set_nlink(entry.get(), 1);
    archive_entry_set_size(entry.get(), static_cast<la_int64_t>(file.content.size()));
    check(writer, archive_write_header(writer, entry.get()));
    if (archive_write_data(writer, file.content.data(), file.content.size()) < 0)
        check(writer, ARCHIVE_FATAL);
}

template <typename T> std::optional<T> read(const std::string& bytes, std::uint64_t offset) {
    T value;
    if (offset > bytes.size() || bytes.size() - offset < sizeof(value)) return std::nullopt;
    std::memcpy(&value, bytes.data() + offset, sizeof(value));
    return value;
}

} // namespace

std::string make_overlay(std::span<const OverlayFile> files) {
    std::string bytes;
    const std::unique_ptr<archive, decltype(&archive_write_free)> owner(archive_write_new(),
                                                                        archive_write_free);
    auto* writer = owner.get();
    check(writer, archive_write_set_format_cpio_newc(writer));
    check(writer, archive_write_set_bytes_per_block(writer, block));
    check(writer, archive_write_set_bytes_in_last_block(writer, block));
    check(writer, archive_write_open(writer, &bytes, nullptr, append_to_string, nullptr));
    for (const auto& file : files) add(writer, file);
    check(writer, archive_write_close(writer));
    return bytes;
}

std::string join_archives(std::string base, std::string_view overlay) {
    base.resize((base.size() + block - 1) / block * block);
    base += overlay;
    return base;
}

// The kernel finds the list by its name among the allocated sections (find_sec() in kernel/module), and
// relocates only those.
std::string without_ftrace_list(std::string module) {
    constexpr std::string_view list = "__mcount_loc";
    // The kernel refuses a signed module that was changed (module_sig_check(); MODULE_SIG_STRING in
    // linux/module_signature.h).
    if (module.ends_with("~Module signature appended~\n")) return module;
    const auto elf = read<Elf64_Ehdr>(module, 0);
    if (!elf || std::memcmp(elf->e_ident, ELFMAG, SELFMAG) != 0) return module;
    const auto header_at = [&](unsigned i) { return elf->e_shoff + i * sizeof(Elf64_Shdr); };
    const auto names = read<Elf64_Shdr>(module, header_at(elf->e_shstrndx));
    for (unsigned i = 0; names && i < elf->e_shnum; ++i) {
        auto header = read<Elf64_Shdr>(module, header_at(i));
        if (!header || names->sh_offset + header->sh_name >= module.size() ||
            module.data() + names->sh_offset + header->sh_name != list)
            continue;
        header->sh_flags &= ~std::uint64_t{SHF_ALLOC};
        std::memcpy(module.data() + header_at(i), &*header, sizeof(*header));
    }
    return module;
}

} // namespace exitaudit
