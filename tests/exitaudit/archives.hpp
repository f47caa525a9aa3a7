// Archives made for a test, and a place to unpack them.
#pragma once

#include "exitaudit/submission/archive.hpp"
#include "exitaudit/submission/archive_reader.hpp"
#include "exitaudit/support/file.hpp"
#include "exitaudit/support/untrusted.hpp"

#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <set>

namespace exitaudit::grade::test {
namespace fs = std::filesystem;

struct Entry {
    std::string name, content = "text";
    unsigned type = AE_IFREG;
    std::string link{}; // symbolic, or hard if the type is a regular file
};

using Finish = int (*)(archive*);

inline void write_archive(const fs::path& file, const std::vector<Entry>& entries,
                          Finish format = archive_write_set_format_zip,
                          Finish filter = archive_write_add_filter_none) {
    const std::unique_ptr<archive, decltype(&archive_write_free)> owner(archive_write_new(),
                                                                        archive_write_free);
    auto* writer = owner.get();
    ASSERT_EQ(filter(writer), ARCHIVE_OK);
    ASSERT_EQ(format(writer), ARCHIVE_OK);
    ASSERT_EQ(archive_write_open_filename(writer, file.c_str()), ARCHIVE_OK);
    for (const auto& entry : entries) {
        const std::unique_ptr<archive_entry, decltype(&archive_entry_free)> header(archive_entry_new(),
                                                                                   archive_entry_free);
        archive_entry_set_pathname(header.get(), entry.name.c_str());
        archive_entry_set_filetype(header.get(), entry.type);
        archive_entry_set_perm(header.get(), 0644);
        const bool has_data = entry.type == AE_IFREG && entry.link.empty();
        archive_entry_set_size(header.get(), has_data ? static_cast<la_int64_t>(entry.content.size()) : 0);
        if (entry.type == AE_IFLNK)
            archive_entry_set_symlink(header.get(), entry.link.c_str());
        else if (!entry.link.empty())
            archive_entry_set_hardlink(header.get(), entry.link.c_str());
        ASSERT_EQ(archive_write_header(writer, header.get()), ARCHIVE_OK) << archive_error_string(writer);
        if (has_data) archive_write_data(writer, entry.content.data(), entry.content.size());
    }
    ASSERT_EQ(archive_write_close(writer), ARCHIVE_OK);
}

inline bool is_wanted(std::string_view name) { return name.ends_with(".c") || name.ends_with(".patch"); }

// An archive and the place where it is unpacked.
class Archive : public testing::Test {
protected:
    std::vector<Parcel> unpack(const std::vector<Entry>& entries, const std::string& name = "a.zip",
                               Finish format = archive_write_set_format_zip,
                               Finish filter = archive_write_add_filter_none) {
        write_archive(file(name), entries, format, filter);
        return unpack_file(name);
    }

    std::vector<Parcel> unpack_tar(const std::vector<Entry>& entries) {
        return unpack(entries, "a.tar.gz", archive_write_set_format_pax_restricted,
                      archive_write_add_filter_gzip);
    }

    std::vector<Parcel> unpack_file(const std::string& name) {
        fs::create_directory(target());
        return grade::unpack(file(name), target(), is_wanted, limits_);
    }

    fs::path file(const std::string& name) const { return directory_.path() / name; }
    fs::path target() const { return directory_.path() / "target"; }

    static std::string files(const Parcel& parcel) {
        std::set<std::string> names;
        for (const auto& entry : fs::recursive_directory_iterator(parcel.directory))
            if (!entry.is_directory()) names.insert(fs::relative(entry.path(), parcel.directory).string());
        std::string all;
        for (const auto& name : names) all += (all.empty() ? "" : " ") + name;
        return all;
    }

    static std::string texts(const std::vector<Finding>& findings) {
        std::string all;
        for (const auto& finding : findings) all += finding.id + ": " + finding.text + "\n";
        return all;
    }

    TemporaryDirectory directory_;
    ArchiveLimits limits_;
};

} // namespace exitaudit::grade::test
