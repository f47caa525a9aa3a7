// What grade takes from archives, and what hostile ones cannot do.
#include "exitaudit/submission/archive.hpp"
#include "exitaudit/submission/archive_reader.hpp"
#include "exitaudit/support/file.hpp"
#include "exitaudit/support/untrusted.hpp"

#include <gtest/gtest.h>

#include <memory>

namespace exitaudit::grade {
namespace {

namespace fs = std::filesystem;

struct Entry {
    std::string name, content = "text";
    unsigned type = AE_IFREG;
    std::string link{}; // symbolic, or hard if the type is a regular file
};

using Finish = int (*)(archive*);

void write_archive(const fs::path& file, const std::vector<Entry>& entries,
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

bool is_wanted(std::string_view name) { return name.ends_with(".c") || name.ends_with(".patch"); }

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

TEST_F(Archive, IsUnpackedInEachForm) {
    const std::vector<Entry> entries{{"alice", "", AE_IFDIR}, {"alice/a.patch"}, {"./b.c"}};
    for (const auto filter :
         {archive_write_add_filter_none, archive_write_add_filter_gzip, archive_write_add_filter_xz,
          archive_write_add_filter_bzip2, archive_write_add_filter_zstd}) {
        const auto parcels = unpack(entries, "a.tar", archive_write_set_format_ustar, filter);
        ASSERT_EQ(parcels.size(), 1U);
        EXPECT_EQ(files(parcels[0]), "alice/a.patch b.c");
        EXPECT_EQ(texts(parcels[0].refused) + texts(parcels[0].notes), "");
        EXPECT_EQ(read_file(parcels[0].directory / "b.c"), "text");
        fs::remove_all(target());
    }
    EXPECT_EQ(files(unpack(entries).at(0)), "alice/a.patch b.c");
}

TEST_F(Archive, IsKnownByItsName) {
    for (const auto* name :
         {"a.zip", "x/A.ZIP", "a.tar", "a.tar.gz", "a.tgz", "a.tar.xz", "a.tar.bz2", "a.tar.zst"})
        EXPECT_TRUE(is_archive(name)) << name;
    for (const auto* name : {"a.patch", "zip", "a.zip/x.c", "a.gz", "a.zipped"})
        EXPECT_FALSE(is_archive(name)) << name;
}

TEST_F(Archive, KeepsOnlyWhatIsWanted) {
    const auto parcels = unpack({{"a.patch"},
                                 {"readme"},
                                 {"__MACOSX/a.patch"},
                                 {"x/__MACOSX/._a.c"},
                                 {"._a.patch"},
                                 {".DS_Store"},
                                 {"x/Thumbs.db"},
                                 {"linux/.git/a.patch"}});
    EXPECT_EQ(files(parcels.at(0)), "a.patch");
    EXPECT_NE(texts(parcels[0].notes).find("sources, headers or modules: readme\n"), std::string::npos);
    EXPECT_NE(texts(parcels[0].notes).find("a repository is not looked at in an archive: .git\n"),
              std::string::npos);
}

TEST_F(Archive, DoesNotListAllThatAKernelTreeHas) {
    const auto parcels = unpack({{"linux/arch/x86/kvm/x86.c"}, {"linux/README"}});
    EXPECT_EQ(files(parcels.at(0)), "linux/arch/x86/kvm/x86.c");
    EXPECT_EQ(texts(parcels[0].notes), "");
}

TEST_F(Archive, LeadsNowhereElse) {
    const auto parcels = unpack_tar({{"../up.c"},
                                     {"x/../../up.c"},
                                     {"/tmp/absolute.c"},
                                     {"x\\..\\..\\up.c"},
                                     {"..", "", AE_IFREG},
                                     {"good.c"}});
    EXPECT_EQ(files(parcels.at(0)), "good.c");
    EXPECT_EQ(fs::exists(directory_.path() / "up.c") || fs::exists("/tmp/absolute.c"), false);
    EXPECT_NE(texts(parcels[0].notes).find("left out, as their names lead out of the archive: ../up.c"),
              std::string::npos);
}

TEST_F(Archive, MakesNoLinksAndDevices) {
    const auto outside = directory_.path() / "outside";
    fs::create_directory(outside);
    const auto parcels = unpack_tar({{"link", "", AE_IFLNK, outside.string()},
                                     {"link/through.c"},
                                     {"passwd.c", "", AE_IFLNK, "/etc/passwd"},
                                     {"hard.c", "", AE_IFREG, "/etc/passwd"},
                                     {"pipe.c", "", AE_IFIFO},
                                     {"device.c", "", AE_IFCHR}});
    EXPECT_TRUE(fs::is_empty(outside));
    EXPECT_EQ(files(parcels.at(0)), "link/through.c");
    EXPECT_NE(texts(parcels[0].notes)
                  .find("links and devices are not unpacked: link, passwd.c, hard.c, pipe.c and 1 more"),
              std::string::npos)
        << texts(parcels[0].notes);
}

TEST_F(Archive, MayHaveNamesInAnyLanguage) {
    const std::string zoe = "Zo\xc3\xab \xe6\x9d\x8e";
    const std::map<std::string, Finish> formats{{"a.zip", archive_write_set_format_zip},
                                                {"a.tar", archive_write_set_format_pax_restricted},
                                                {"b.tar", archive_write_set_format_ustar}};
    for (const auto& [name, format] : formats) {
        const Utf8Names as_python_and_windows_do;
        const auto parcels = unpack({{zoe + "_12_assignsubmission_file_/a.c"}}, name, format);
        ASSERT_EQ(parcels.size(), 1U);
        EXPECT_EQ(parcels[0].name + ": " + files(parcels[0]), zoe + ": a.c");
        fs::remove_all(target());
    }
    // Of an old Windows.
    EXPECT_EQ(unpack({{"Zo\x89_12_assignsubmission_file_/a.c"}}, "c.tar", archive_write_set_format_ustar)
                  .at(0)
                  .name,
              "Zo\x89");
}

TEST_F(Archive, SanitizesNamesInNotes) {
    const auto parcels = unpack({{"\x1b[2J\n<b>.exe"}});
    EXPECT_NE(texts(parcels.at(0).notes).find(": ?[2J?<b>.exe\n"), std::string::npos);
}

TEST_F(Archive, WithNamesThatNoFileCanHaveIsStillRead) {
    const auto parcels =
        unpack_tar({{"a"}, {std::string(300, 'x') + ".c"}, {"d.c"}, {"d.c/e.c"}, {"f/g.c"}, {"f"}, {"h.c"}});
    EXPECT_EQ(files(parcels.at(0)), "d.c f/g.c h.c");
    EXPECT_EQ(texts(parcels[0].refused), "");
}

// The first member is a bomb that is wanted, then one to be passed over.
TEST_F(Archive, ThatUnpacksToTooMuchIsRefused) {
    limits_.kept_bytes = limits_.seen_bytes = 1 << 20;
    const std::string zeros(4 << 20, '\0');
    for (const auto* name : {"bomb.c", "bomb"}) {
        const auto parcels = unpack_tar({{"a.c"}, {name, zeros}, {"b.c"}});
        EXPECT_EQ(files(parcels.at(0)), "a.c");
        EXPECT_NE(texts(parcels[0].refused).find("refused: the archive holds more than 1 MiB"),
                  std::string::npos);
        EXPECT_EQ(parcels[0].refused.size(), 1U);
        fs::remove_all(target());
    }
    EXPECT_EQ(unpack({{"bomb.c", zeros}}).at(0).refused.size(), 1U);
}

TEST_F(Archive, WithTooManyEntriesIsRefused) {
    std::vector<Entry> entries;
    for (int i = 0; i < 20; ++i) entries.push_back({std::to_string(i) + ".c"});
    limits_.kept_files = 10;
    EXPECT_NE(texts(unpack(entries).at(0).refused).find("more than 10 patches and sources"),
              std::string::npos);
    fs::remove_all(target());
    limits_ = {};
    limits_.seen_entries = 10;
    EXPECT_NE(texts(unpack(entries).at(0).refused).find("more than 10 files"), std::string::npos);
}

TEST_F(Archive, ThatIsCutOrNoneIsRefused) {
    std::string noise;
    for (unsigned i = 0, x = 1; i < 100'000; ++i)
        noise += static_cast<char>((x = x * 1664525 + 1013904223) >> 24);
    for (const auto format : {archive_write_set_format_zip, archive_write_set_format_ustar}) {
        write_archive(file("a.zip"), {{"a.c", noise}}, format);
        write_file(file("a.zip"), read_file(file("a.zip")).substr(0, 50'000));
        EXPECT_NE(texts(unpack_file("a.zip").at(0).refused).find("refused: a.zip cannot be unpacked ("),
                  std::string::npos);
        fs::remove_all(target());
    }
    write_file(file("a.rar"), "Rar!\x1a\x07");
    EXPECT_NE(texts(unpack_file("a.rar").at(0).refused).find("hand in the patch itself, or make"),
              std::string::npos);
}

TEST_F(Archive, ThatIsCompressedTwiceIsRefused) {
    const auto twice = [](archive* writer) {
        return std::min(archive_write_add_filter_gzip(writer), archive_write_add_filter_gzip(writer));
    };
    const auto parcels = unpack({{"a.c"}}, "a.tgz", archive_write_set_format_ustar, twice);
    EXPECT_NE(texts(parcels.at(0).refused).find("(it is compressed twice)"), std::string::npos);
}

TEST_F(Archive, ThatIsEmptyHasItsParcel) {
    const auto parcels = unpack({});
    ASSERT_EQ(parcels.size(), 1U);
    EXPECT_EQ(files(parcels[0]), "");
}

TEST_F(Archive, MayHoldArchivesButTheseNone) {
    write_archive(file("deep.zip"), {{"deep.c"}});
    write_archive(file("inner.zip"), {{"inner.c"}, {"deep.zip", read_file(file("deep.zip"))}});
    const auto parcels = unpack({{"x/inner.zip", read_file(file("inner.zip"))}, {"outer.c"}});
    EXPECT_EQ(files(parcels.at(0)), "outer.c x/inner.zip/inner.c");
    EXPECT_NE(texts(parcels[0].notes).find("archives this deep are not unpacked: deep.zip"),
              std::string::npos);
}

TEST_F(Archive, OfAClassIsAParcelForEachStudent) {
    write_archive(file("inner.zip"), {{"a.c"}});
    const auto parcels =
        unpack({{"Zoe Smith_12_assignsubmission_file_/a.patch"},
                {"Bob O'Hara_1234_assignsubmission_file_/bob.zip", read_file(file("inner.zip"))},
                {"Eve_77_assignsubmission_file_/eve.zip", "no archive"},
                {"Zoe Smith_12_assignsubmission_onlinetext_/onlinetext.html"},
                {"Ida_9_assignsubmission_file_ida.patch"}});
    ASSERT_EQ(parcels.size(), 4U);
    EXPECT_EQ(parcels[0].name + ": " + files(parcels[0]), "Bob O'Hara: bob.zip/a.c");
    EXPECT_EQ(parcels[1].name + ": " + files(parcels[1]), "Eve: ");
    EXPECT_NE(texts(parcels[1].refused).find("eve.zip cannot be unpacked"), std::string::npos);
    EXPECT_EQ(parcels[2].name + ": " + files(parcels[2]), "Ida: ida.patch");
    EXPECT_EQ(parcels[3].name + ": " + files(parcels[3]), "Zoe Smith: a.patch");
    EXPECT_EQ(texts(parcels[0].refused), "");
}

TEST_F(Archive, OfAClassBlamesNobodyForAnothersBomb) {
    limits_.seen_bytes = 1 << 20;
    const auto parcels = unpack_tar({{"Eve_1_assignsubmission_file_/bomb", std::string(2 << 20, '\0')},
                                     {"Bob_2_assignsubmission_file_/a.c"}});
    ASSERT_EQ(parcels.size(), 2U);
    EXPECT_EQ(parcels[0].name + texts(parcels[0].refused) + files(parcels[0]), "Boba.c");
    EXPECT_EQ(parcels[1].refused.size(), 1U);
}

TEST_F(Archive, OfAClassThatIsCutSaysThatStudentsAreMissing) {
    write_archive(
        file("a.tar"),
        {{"Bob_2_assignsubmission_file_/a.c"}, {"Eve_1_assignsubmission_file_/b.c", std::string(5000, 'x')}},
        archive_write_set_format_ustar);
    write_file(file("a.tar"), read_file(file("a.tar")).substr(0, 2000));
    const auto parcels = unpack_file("a.tar");
    ASSERT_EQ(parcels.size(), 3U);
    EXPECT_EQ(parcels[0].name, "");
    EXPECT_EQ(texts(parcels[0].refused), texts(parcels[2].refused));
    EXPECT_EQ(parcels[1].name + texts(parcels[1].refused), "Bob");
    EXPECT_EQ(parcels[2].name + files(parcels[2]), "Eve");
}

TEST_F(Archive, WithNothingButJunkEndsAtItsLimit) {
    limits_.seen_entries = 10;
    EXPECT_EQ(unpack(std::vector<Entry>(20, {"__MACOSX/._x"})).at(0).refused.size(), 1U);
}

TEST_F(Archive, OfCanvasKeepsAStudentsFilesTogether) {
    const auto parcels = unpack({{"lovelaceada_340934_208490284_vmx.c"},
                                 {"lovelaceada_340934_208490285_my_cpuid.c"},
                                 {"boolegeorge_LATE_340935_208490286_a-1.patch"}});
    ASSERT_EQ(parcels.size(), 2U);
    EXPECT_EQ(parcels[0].name + ": " + files(parcels[0]), "boolegeorge: a-1.patch");
    EXPECT_EQ(parcels[1].name + ": " + files(parcels[1]), "lovelaceada: my_cpuid.c vmx.c");
}

TEST_F(Archive, OfGradescopeHasItsNamesInAList) {
    const auto parcels =
        unpack({{"assignment_5_export/submission_12345/kvm/x86.c"},
                {"assignment_5_export/submission_12346/a.patch"},
                {"assignment_5_export/submission_metadata.yml",
                 "---\nsubmission_12345:\n  :submitters:\n  - :name: Ada Lovelace\n    :sid: '1'\n"
                 "  - :name: 'George Boole'\n  :created_at: 2024\n"}});
    ASSERT_EQ(parcels.size(), 2U);
    EXPECT_EQ(parcels[0].name + ": " + files(parcels[0]), "Ada Lovelace, George Boole: kvm/x86.c");
    EXPECT_EQ(parcels[1].name + ": " + files(parcels[1]), "submission_12346: a.patch");
}

// "x_2024_12_vmx.c" may be any file's name.
TEST_F(Archive, OfOnePersonIsNoClass) {
    for (const auto* name : {"vmx.c", "alice/my_2024_12_vmx.c", "linux/arch/x86/kvm/x86.c", "submission_1"})
        EXPECT_EQ(owner_of(name).file, name);
}

} // namespace
} // namespace exitaudit::grade
