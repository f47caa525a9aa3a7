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

// Bounds are checked: a module may be anybody's.
template <typename T> std::optional<T> read(const std::string& bytes, std::uint64_t offset) {
    T value;
    if (offset > bytes.size() || bytes.size() - offset < sizeof(value)) return std::nullopt;
    std::memcpy(&value, bytes.data() + offset, sizeof(value));
    return value;
}

template <typename T> void write(std::string& bytes, std::uint64_t offset, const T& value) {
    if (read<T>(bytes, offset)) std::memcpy(bytes.data() + offset, &value, sizeof(value));
}

std::string_view name_at(const std::string& bytes, const Elf64_Shdr& names, std::uint64_t offset) {
    const auto start = names.sh_offset + offset;
    return start < bytes.size() ? bytes.data() + start : std::string_view();
}

// The calls that these relocations are for, if of __fentry__, become NOPs, and need no relocation.
void remove_fentry_calls(std::string& module, const Elf64_Shdr& relocations, const Elf64_Shdr& code,
                         const Elf64_Shdr& symbols, const Elf64_Shdr& names) {
    constexpr std::array<unsigned char, 5> nop{0x0f, 0x1f, 0x44, 0x00, 0x00};
    for (std::uint64_t at = 0; at + sizeof(Elf64_Rela) <= relocations.sh_size; at += sizeof(Elf64_Rela)) {
        auto relocation = read<Elf64_Rela>(module, relocations.sh_offset + at);
        if (!relocation) return;
        const auto symbol =
            read<Elf64_Sym>(module, symbols.sh_offset + ELF64_R_SYM(relocation->r_info) * sizeof(Elf64_Sym));
        if (!symbol || name_at(module, names, symbol->st_name) != "__fentry__") continue;
        write(module, code.sh_offset + relocation->r_offset - 1, nop);
        relocation->r_info = R_X86_64_NONE;
        write(module, relocations.sh_offset + at, *relocation);
    }
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
std::string without_ftrace(std::string module) {
    // The kernel refuses a signed module that was changed (module_sig_check(); MODULE_SIG_STRING in
    // linux/module_signature.h).
    if (module.ends_with("~Module signature appended~\n")) return module;
    const auto elf = read<Elf64_Ehdr>(module, 0);
    if (!elf || std::memcmp(elf->e_ident, ELFMAG, SELFMAG) != 0) return module;
    const auto header_at = [&](std::uint64_t i) { return elf->e_shoff + i * sizeof(Elf64_Shdr); };
    const auto section = [&](std::uint64_t i) { return read<Elf64_Shdr>(module, header_at(i)); };
    const auto names = section(elf->e_shstrndx);
    for (unsigned i = 0; names && i < elf->e_shnum; ++i) {
        auto list = section(i);
        if (!list || name_at(module, *names, list->sh_name) != "__mcount_loc") continue;
        list->sh_flags &= ~std::uint64_t{SHF_ALLOC};
        write(module, header_at(i), *list);
        for (unsigned j = 0; j < elf->e_shnum; ++j) {
            const auto relocations = section(j);
            if (!relocations || relocations->sh_type != SHT_RELA) continue;
            const auto code = section(relocations->sh_info), symbols = section(relocations->sh_link);
            const auto symbol_names = symbols ? section(symbols->sh_link) : std::nullopt;
            if (code && symbol_names && code->sh_flags & SHF_EXECINSTR)
                remove_fentry_calls(module, *relocations, *code, *symbols, *symbol_names);
        }
    }
    return module;
}

} // namespace exitaudit
