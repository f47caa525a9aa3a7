// The second part of the embedded host's initramfs: KVM modules, guest, command. Linux unpacks several
// archives in a row, so the base stays as it is.
#pragma once

#include <array>
#include <filesystem>
#include <span>
#include <string>

namespace exitaudit {

struct OverlayFile {
    std::string path; // in the initramfs, without a leading slash
    std::string content;
    bool executable = false;
};

// A newc cpio archive of these files, padded to a multiple of 512 bytes.
std::string make_overlay(std::span<const OverlayFile> files);

// The base's bytes, zeros up to a multiple of 512, then the overlay.
std::string join_archives(std::string base, std::string_view overlay);

// kvm.ko first: the others need it.
inline constexpr std::array kvm_modules{"kvm.ko", "kvm-intel.ko", "kvm-amd.ko"};

// The module as ftrace leaves it, but for its list of functions that ftrace can trace, which no audit does:
// for each of thousands, the kernel would search all symbols for weak ones (find_kallsyms_symbol() by
// ftrace_module_enable()). Their calls of __fentry__ are NOPs, as ftrace makes them (ftrace_init_nop()): they
// would take more time than the ledger. What is no ELF file with such a list is returned as it is.
std::string without_ftrace(std::string module);

} // namespace exitaudit
