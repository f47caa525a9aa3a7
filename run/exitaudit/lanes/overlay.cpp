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
        throw failure("cannot make the overlay archive: {}", archive_error_string(writer));
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

std::string join_archives(std::string base, std::string_view overlay)
{
    base.resize((base.size() + block - 1) / block * block);
    base += overlay;
    return base;
}

} // namespace exitaudit
