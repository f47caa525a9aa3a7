// What grade takes from archives, and what hostile ones cannot do.
#include "archives.hpp"

namespace exitaudit::grade::test {
namespace {

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
    EXPECT_NE(texts(parcels[0].notes).find("by their names (vmx.c, cpuid.c, a.patch): readme\n"),
              std::string::npos);
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

TEST_F(Archive, WithNothingButJunkEndsAtItsLimit) {
    limits_.seen_entries = 10;
    EXPECT_EQ(unpack(std::vector<Entry>(20, {"__MACOSX/._x"})).at(0).refused.size(), 1U);
}

} // namespace
} // namespace exitaudit::grade::test
