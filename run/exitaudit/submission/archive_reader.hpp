// libarchive's reader, with what bounds the work that an archive can cause.
#pragma once

#include "exitaudit/support/untrusted.hpp"

#include <archive.h>
#include <archive_entry.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <memory>
#include <stdexcept>

#include <locale.h>

namespace exitaudit::grade {

// The archive is at fault.
struct Unreadable : std::runtime_error {
    using std::runtime_error::runtime_error;
};

// While it exists, libarchive gives names as UTF-8. Without a locale it drops those that are not ASCII.
class Utf8Names {
public:
    Utf8Names() : locale_(newlocale(LC_CTYPE_MASK, "C.UTF-8", nullptr)) {
        if (locale_) before_ = uselocale(locale_);
    }
    ~Utf8Names() {
        if (!locale_) return;
        uselocale(before_);
        freelocale(locale_);
    }
    Utf8Names(const Utf8Names&) = delete;
    Utf8Names& operator=(const Utf8Names&) = delete;
private:
    locale_t locale_, before_{};
};

class ArchiveReader {
public:
    explicit ArchiveReader(const std::filesystem::path& file)
        : archive_(archive_read_new(), archive_read_free) {
        archive_read_support_filter_gzip(get());
        archive_read_support_filter_bzip2(get());
        archive_read_support_filter_xz(get());
        archive_read_support_filter_zstd(get());
        archive_read_support_format_tar(get());
        // Only with its directory: else the end of an entry is found by unpacking it.
        archive_read_support_format_zip_seekable(get());
        check(archive_read_open_filename(get(), file.c_str(), 1 << 16));
        // More than one, each around the next, could make much of little without end.
        if (archive_filter_count(get()) > 2) throw Unreadable("it is compressed twice");
    }

    archive_entry* next() {
        const Utf8Names names; // no longer: what reads the names takes them for bytes
        archive_entry* entry = nullptr;
        const auto result = archive_read_next_header(get(), &entry);
        if (result == ARCHIVE_EOF) return nullptr;
        check(result);
        name_ = name_of(entry);
        return entry;
    }

    const std::string& name() const { return name_; } // of the entry

    // The next part of the entry's bytes; empty at its end.
    std::string_view bytes() {
        const auto got = archive_read_data(get(), block_.data(), block_.size());
        if (got < 0) check(static_cast<int>(got));
        return {block_.data(), static_cast<std::size_t>(std::max<la_ssize_t>(got, 0))};
    }

    // What was unpacked so far of a stream that is compressed as a whole, in bytes.
    std::uintmax_t position() {
        return static_cast<std::uintmax_t>(std::max<la_int64_t>(archive_filter_bytes(get(), 0), 0));
    }

    // Of the bytes that must be unpacked to pass the entry.
    std::uintmax_t to_pass(archive_entry* entry) {
        const bool can_seek = (archive_format(get()) & ARCHIVE_FORMAT_BASE_MASK) == ARCHIVE_FORMAT_ZIP;
        return can_seek ? 0 : static_cast<std::uintmax_t>(std::max<la_int64_t>(archive_entry_size(entry), 0));
    }
private:
    // With / between its parts; Windows may have put a backslash there.
    static std::string name_of(archive_entry* entry) {
        const char* name = archive_entry_pathname_utf8(entry);
        if (!name) name = archive_entry_pathname(entry);
        std::string text = name ? name : "";
        if (text.empty()) throw Unreadable("a name in it cannot be read");
        std::ranges::replace(text, '\\', '/');
        while (text.starts_with("./")) text.erase(0, 2);
        return text;
    }

    archive* get() { return archive_.get(); }

    void check(int result) {
        if (result == ARCHIVE_OK || result == ARCHIVE_WARN) return;
        const char* why = archive_error_string(get());
        throw Unreadable(sanitize(why ? why : "it is damaged"));
    }

    std::unique_ptr<archive, decltype(&archive_read_free)> archive_;
    std::array<char, 1 << 16> block_{};
    std::string name_;
};

} // namespace exitaudit::grade
