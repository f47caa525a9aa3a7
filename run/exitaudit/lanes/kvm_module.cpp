// Editing a module's section headers.
#include "exitaudit/lanes/kvm_module.hpp"

#include <cstdint>
#include <cstring>
#include <optional>

#include <elf.h>

namespace exitaudit {
namespace {

template <typename T>
std::optional<T> read(const std::string& bytes, std::uint64_t offset)
{
    T value;
    if (offset > bytes.size() || bytes.size() - offset < sizeof(value))
        return std::nullopt;
    std::memcpy(&value, bytes.data() + offset, sizeof(value));
    return value;
}

} // namespace

// The kernel finds the list by its name, among sections that are part of the program
// (find_sec() in its kernel/module), and relocates those alone.
std::string without_ftrace_list(std::string module)
{
    constexpr std::string_view list = "__mcount_loc";
    // A distribution's own: the kernel refuses a signature that does not fit
    // (module_sig_check(); MODULE_SIG_STRING in linux/module_signature.h).
    if (module.ends_with("~Module signature appended~\n"))
        return module;
    const auto elf = read<Elf64_Ehdr>(module, 0);
    if (!elf || std::memcmp(elf->e_ident, ELFMAG, SELFMAG) != 0)
        return module;
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
