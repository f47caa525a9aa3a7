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

// The file's bytes. Error if it cannot be read.
std::string read_file(const std::filesystem::path& path);

// The base's bytes, zeros up to a multiple of 512, then the overlay.
std::string join_archives(std::string base, std::string_view overlay);

// A file that exists only in memory: nothing to clean up, however we end.
class MemoryFile {
public:
    MemoryFile(const char* name, std::string_view bytes);
    ~MemoryFile();
    MemoryFile(const MemoryFile&) = delete;
    MemoryFile& operator=(const MemoryFile&) = delete;

    // A path under which a child process can open it.
    std::string path_for_child() const;

private:
    int descriptor_;
};

} // namespace exitaudit
