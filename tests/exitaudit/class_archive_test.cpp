// What learning platforms pack for a whole class.
#include "archives.hpp"

namespace exitaudit::grade::test {
namespace {

using ClassArchive = Archive;

TEST_F(ClassArchive, OfAClassIsAParcelForEachStudent) {
    write_archive(file("inner.zip"), {{"a.c"}});
    const auto parcels =
        unpack({{"Zoe Smith_12_assignsubmission_file_/a.patch"},
                {"Bob O'Hara_1234_assignsubmission_file_/bob.zip", read_file(file("inner.zip"))},
                {"Eve_77_assignsubmission_file/eve.zip", "no archive"},
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

TEST_F(ClassArchive, OfAClassBlamesNobodyForAnothersBomb) {
    limits_.seen_bytes = 1 << 20;
    const auto parcels = unpack_tar({{"Eve_1_assignsubmission_file_/bomb", std::string(2 << 20, '\0')},
                                     {"Bob_2_assignsubmission_file_/a.c"}});
    ASSERT_EQ(parcels.size(), 2U);
    EXPECT_EQ(parcels[0].name + texts(parcels[0].refused) + files(parcels[0]), "Boba.c");
    EXPECT_EQ(parcels[1].refused.size(), 1U);
}

TEST_F(ClassArchive, OfAClassThatIsCutSaysThatStudentsAreMissing) {
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

TEST_F(ClassArchive, OfCanvasKeepsAStudentsFilesTogether) {
    const auto parcels = unpack({{"lovelaceada_340934_208490284_vmx.c"},
                                 {"lovelaceada_340934_208490285_my_cpuid.c"},
                                 {"boolegeorge_LATE_340935_208490286_a-1.patch"}});
    ASSERT_EQ(parcels.size(), 2U);
    EXPECT_EQ(parcels[0].name + ": " + files(parcels[0]), "boolegeorge: a-1.patch");
    EXPECT_EQ(parcels[1].name + ": " + files(parcels[1]), "lovelaceada: my_cpuid.c vmx.c");
}

TEST_F(ClassArchive, OfGradescopeHasItsNamesInAList) {
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
TEST_F(ClassArchive, OfOnePersonIsNoClass) {
    for (const auto* name : {"vmx.c", "alice/my_2024_12_vmx.c", "linux/arch/x86/kvm/x86.c", "submission_1"})
        EXPECT_EQ(owner_of(name).file, name);
}

} // namespace
} // namespace exitaudit::grade::test
