// The second half of the embedded host's initramfs: KVM modules, guest, command.
// Linux unpacks archives that follow one another, so the base never changes.
#pragma once

#include <filesystem>
#include <span>
#include <string>
#include <string_view>

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

} // namespace exitaudit
