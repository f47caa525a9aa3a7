// Making the overlay archive, by libarchive, and joining it to the base in memory.
#include "exitaudit/lanes/overlay.hpp"

#include "exitaudit/support/exit_code.hpp"

#include <archive.h>
#include <archive_entry.h>
#include <fmt/core.h>

#include <cerrno>
#include <cstring>
#include <fstream>
#include <memory>
#include <sstream>

#include <sys/mman.h>
#include <unistd.h>

namespace exitaudit {
namespace {

// Linux needs each archive to start at a multiple of 4; 512 is cpio's custom.
constexpr int block = 512;

la_ssize_t append_to_string(archive*, void* target, const void* bytes, std::size_t size)
{
    static_cast<std::string*>(target)->append(static_cast<const char*>(bytes), size);
    return static_cast<la_ssize_t>(size);
}

void check(archive* writer, int result)
{
    if (result != ARCHIVE_OK)
        throw Error(fmt::format("cannot make the overlay archive: {}", archive_error_string(writer)));
}

void add(archive* writer, const OverlayFile& file)
{
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

} // namespace

std::string make_overlay(std::span<const OverlayFile> files)
{
    std::string bytes;
    const std::unique_ptr<archive, decltype(&archive_write_free)> owner(archive_write_new(),
                                                                        archive_write_free);
    auto* writer = owner.get();
    check(writer, archive_write_set_format_cpio_newc(writer));
    check(writer, archive_write_set_bytes_per_block(writer, block));
    check(writer, archive_write_set_bytes_in_last_block(writer, block));
    check(writer, archive_write_open(writer, &bytes, nullptr, append_to_string, nullptr));
    for (const auto& file : files)
        add(writer, file);
    check(writer, archive_write_close(writer));
    return bytes;
}

std::string read_file(const std::filesystem::path& path)
{
    std::ifstream stream(path, std::ios::binary);
    std::ostringstream bytes;
    // An empty file would leave the output stream failed, as if it could not be read.
    if (stream && stream.peek() == std::ifstream::traits_type::eof() && !stream.bad())
        return {};
    if (!stream || !(bytes << stream.rdbuf()))
        throw Error(fmt::format("cannot read {}: {}", path.string(), std::strerror(errno)));
    return std::move(bytes).str();
}

std::string join_archives(std::string base, std::string_view overlay)
{
    base.resize((base.size() + block - 1) / block * block);
    base += overlay;
    return base;
}

MemoryFile::MemoryFile(const char* name, std::string_view bytes)
    : descriptor_(memfd_create(name, MFD_CLOEXEC))
{
    if (descriptor_ < 0)
        throw Error(fmt::format("cannot make a file in memory: {}", std::strerror(errno)));
    while (!bytes.empty()) {
        const auto written = write(descriptor_, bytes.data(), bytes.size());
        if (written < 0) {
            const int error = errno;
            close(descriptor_);
            throw Error(fmt::format("no memory for the emulator's {}: {}", name, std::strerror(error)));
        }
        bytes.remove_prefix(static_cast<std::size_t>(written));
    }
}

MemoryFile::~MemoryFile() { close(descriptor_); }

std::string MemoryFile::path_for_child() const
{
    return fmt::format("/proc/{}/fd/{}", getpid(), descriptor_);
}

} // namespace exitaudit
