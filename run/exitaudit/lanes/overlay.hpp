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

// The module without its list of functions that ftrace can trace, which no audit does. For each of thousands,
// the kernel would search all symbols for weak ones (find_kallsyms_symbol() by ftrace_module_enable()). What
// is not an ELF file with such a list is returned as it is.
std::string without_ftrace_list(std::string module);

} // namespace exitaudit
