// What was handed in: its kind, the order of its patches, and what they were made against.
#include "archives.hpp"
#include "exitaudit/submission/submission.hpp"
#include "exitaudit/support/refused.hpp"

#include <fmt/format.h>

namespace exitaudit::grade {
namespace {

namespace fs = std::filesystem;

constexpr const char* cpuid = "arch/x86/kvm/cpuid.c";

// A kernel of one file, and what somebody hands in.
class HandedIn : public testing::Test {
protected:
    HandedIn() {
        base_.directory = directory_.path() / "6.1";
        base_.files = {cpuid};
        put("6.1/source/" + std::string(cpuid), "one\ntwo\nthree\n");
        put("6.1/others/6.12/" + std::string(cpuid), "one\ntwo point five\nthree\n");
        fs::create_directory(handed_in());
    }

    void put(const fs::path& name, const std::string& text) const {
        fs::create_directories((directory_.path() / name).parent_path());
        write_file(directory_.path() / name, text);
    }

    fs::path handed_in() const { return directory_.path() / "alice"; }

    // The names of all that are in it.
    std::string names() const {
        std::string all;
        for (const auto& one : unpacked(find_submission(handed_in().string()), base_, [] {}))
            all += (all.empty() ? "" : ", ") + one.name;
        return all;
    }

    Submission looked_into() const {
        auto submission = find_submission(handed_in().string());
        look_into(submission);
        return submission;
    }

    Patch patch(const std::string& before, const std::string& after) const {
        return read_patch(text(before, after), "p", base_.files);
    }

    // One line in place of "two".
    static std::string text(const std::string& before, const std::string& after) {
        return "--- a/" + std::string(cpuid) + "\n+++ b/" + cpuid + "\n@@ -1,3 +1,3 @@\n one\n-" + before +
               "\n+" + after + "\n three\n";
    }

    TemporaryDirectory directory_;
    Base base_;
};

TEST_F(HandedIn, OfTwoFilesThatAreTheSameOneOneIsWanted) {
    put("alice/first/cpuid.c", "one\n0x4FFFFFFC\nthree\n");
    put("alice/second/cpuid.c", "one\n0x4FFFFFFC\nthree\n");
    EXPECT_TRUE(change_of(looked_into(), base_).refused.empty());
    put("alice/second/cpuid.c", "one\n0x4FFFFFFD\nthree\n");
    try {
        change_of(looked_into(), base_);
        FAIL() << "it is taken";
    } catch (const Refused& error) {
        EXPECT_STREQ(error.what(),
                     "first/cpuid.c and second/cpuid.c are both arch/x86/kvm/cpuid.c: hand in one of them");
    }
}

TEST_F(HandedIn, MayBeInUtf16) {
    std::string text("\xff\xfe", 2);
    for (const char c : std::string("one\n0x4FFFFFFC\nthree\n")) text += std::string{c, '\0'};
    put("alice/cpuid.c", text);
    const auto change = change_of(looked_into(), base_);
    EXPECT_TRUE(change.refused.empty());
    EXPECT_TRUE(change.has_ledger);
}

TEST_F(HandedIn, IsFoundInDirectoriesOfDirectories) {
    put("alice/hw/linux/arch/x86/kvm/cpuid.c", "one");
    auto found = looked_into();
    EXPECT_EQ(kind_name(found.kind), "tree");
    EXPECT_EQ(found.path, handed_in() / "hw/linux");
    put("alice/hw/README", "see linux");
    EXPECT_EQ(looked_into().path, handed_in() / "hw/linux");
    put("alice/hw/count.patch", "");
    EXPECT_EQ(kind_name(looked_into().kind), "series");
    put("alice/hw/kvm.ko", "");
    found = looked_into();
    EXPECT_EQ(kind_name(found.kind), "modules");
    EXPECT_EQ(found.path, handed_in() / "hw");
}

TEST_F(HandedIn, TextIsAPatchIfItReadsLikeOne) {
    put("alice/vmx.c", "");
    put("alice/notes.txt", "it counts\n");
    EXPECT_EQ(kind_name(looked_into().kind), "files");
    put("alice/deep/patch.txt", text("two", "2"));
    EXPECT_EQ(kind_name(looked_into().kind), "series");
    EXPECT_EQ(change_of(looked_into(), base_).attempts.at(0)().patch.changes.size(), 1U);
}

TEST_F(HandedIn, ChangesOfChangesApplyInOrder) {
    put("alice/final.patch", text("2", "II"));
    put("alice/start.patch", text("two", "2"));
    const auto change = change_of(looked_into(), base_);
    ASSERT_EQ(change.attempts.at(0)().patch.changes.size(), 2U);
    EXPECT_EQ(change.attempts.at(0)().patch.changes[0].source, "start.patch");
    EXPECT_EQ(change.attempts.at(0)().patch.changes[1].source, "final.patch");
}

TEST_F(HandedIn, NewFilesAreMadeBeforeTheyAreChanged) {
    const std::string exits = "arch/x86/kvm/exits.h";
    base_.files.insert(exits);
    put("alice/a.patch", "--- a/" + exits + "\n+++ b/" + exits + "\n@@ -1 +1 @@\n-old\n+new\n");
    put("alice/b.patch", "--- /dev/null\n+++ b/" + exits + "\n@@ -0,0 +1 @@\n+old\n");
    EXPECT_EQ(change_of(looked_into(), base_).attempts.at(0)().patch.changes.at(0).source, "b.patch");
}

TEST_F(HandedIn, ARefusedPatchOfSeveralIsNotTried) {
    put("alice/a.patch", "--- a/../../x\n+++ b/../../x\n@@ -1 +1 @@\n-a\n+b\n");
    put("alice/b.patch", text("two", "2"));
    EXPECT_EQ(change_of(looked_into(), base_).refused.size(), 1U);
}

TEST_F(HandedIn, KeepsItsOrderWhereNothingApplies) {
    const auto series = in_order({patch("seven", "7"), patch("two", "2"), patch("eight", "8")}, base_);
    ASSERT_EQ(series.changes.size(), 3U);
    EXPECT_NE(series.changes[0].hunks[0].text.find("+2"), std::string::npos);
    EXPECT_NE(series.changes[1].hunks[0].text.find("+7"), std::string::npos);
}

TEST_F(HandedIn, APatchThatHasTheOthersChangesIsNamed) {
    const auto series = in_order({patch("two", "2"), patch("two", "2 and 3")}, base_);
    ASSERT_EQ(series.notes.size(), 1U);
    EXPECT_EQ(series.notes[0].text,
              "p applies to the kernel, but not beside the patches before it: if it has their "
              "changes, too, hand it in alone");
    EXPECT_TRUE(in_order({patch("two", "2"), patch("2", "3")}, base_).notes.empty());
}

TEST_F(HandedIn, ADiffAgainstTheirOwnFileIsNamed) {
    const auto why = not_the_kernels(patch("u64 exits;", "u32 exits;").changes, base_);
    ASSERT_TRUE(why);
    EXPECT_EQ(why->id, "not-the-kernels");
    EXPECT_NE(why->text.find("p line 3 expects \"u64 exits;\" in arch/x86/kvm/cpuid.c"), std::string::npos);
    EXPECT_FALSE(not_the_kernels(patch("two point five", "2").changes, base_));
}

TEST_F(HandedIn, AnArchiveThatIsAloneInADirectoryIsUnpacked) {
    put("alice/a.zip", "no archive");
    const auto all = unpacked(find_submission(handed_in().string()), base_, [] {});
    ASSERT_EQ(all.size(), 1U);
    EXPECT_EQ(all[0].name, handed_in().string());
    EXPECT_EQ(all[0].refused.size(), 1U);
    ASSERT_TRUE(all[0].unpacked);
    EXPECT_TRUE(fs::exists(all[0].unpacked->path()));
}

TEST_F(HandedIn, ArchivesBesideAReadMeAreUnpacked) {
    put("alice/README.md", "");
    test::write_archive(handed_in() / "vmx.zip", {{"a.patch", text("two", "2")}});
    test::write_archive(handed_in() / "cpuid.zip", {{"b.patch", text("2", "II")}});
    auto all = unpacked(find_submission(handed_in().string()), base_, [] {});
    ASSERT_EQ(all.size(), 1U);
    EXPECT_EQ(all[0].name, handed_in().string());
    look_into(all[0]);
    EXPECT_EQ(kind_name(all[0].kind), "series");
    EXPECT_EQ(change_of(all[0], base_).attempts.at(0)().patch.changes.size(), 2U);
}

TEST_F(HandedIn, ARepositoryWithoutAKernelIsADirectory) {
    put("alice/.git/HEAD", "ref: refs/heads/main\n");
    put("alice/.git/a.patch", "");
    put("alice/README.md", "");
    put("alice/solution.patch", text("two", "2"));
    EXPECT_EQ(kind_name(looked_into().kind), "series");
    EXPECT_EQ(change_of(looked_into(), base_).refused.size(), 0U);
    fs::remove(handed_in() / "solution.patch");
    put("alice/cpuid.c", "one\n0x4FFFFFFC\nthree\n");
    EXPECT_EQ(kind_name(looked_into().kind), "files");
    const auto change = change_of(looked_into(), base_);
    ASSERT_EQ(change.notes.size(), 1U);
    EXPECT_TRUE(change.notes[0].text.ends_with(": README.md")) << change.notes[0].text;
}

TEST_F(HandedIn, AnUnpackedClassIsARowForEachStudent) {
    for (const auto* name : {"Ana_101", "Ana_103", "Bo_102", "Ana_104"})
        put(fmt::format("alice/{}_assignsubmission_file/a.patch", name), "");
    put("alice/Bo_102_assignsubmission_onlinetext/onlinetext.html", "");
    put("alice/.DS_Store", "");
    EXPECT_EQ(names(), "Ana 101, Ana 103, Ana 104, Bo");
    put("alice/notes.txt", "");
    EXPECT_EQ(names(), handed_in().string());
}

TEST_F(HandedIn, AnUnpackedClassOfCanvasKeepsAStudentsFilesTogether) {
    put("alice/annsmith_7001_80001_vmx-1.c", "");
    put("alice/annsmith_7001_80002_cpuid-1.c", "one\n");
    test::write_archive(handed_in() / "bo_LATE_7002_80003_hw.zip", {{"cpuid.c"}});
    const auto all = unpacked(find_submission(handed_in().string()), base_, [] {});
    ASSERT_EQ(all.size(), 2U);
    EXPECT_EQ(all[0].name + ", " + all[1].name, "annsmith, bo");
    EXPECT_TRUE(fs::exists(all[0].path / "cpuid-1.c") && fs::exists(all[0].path / "vmx-1.c"));
    EXPECT_TRUE(fs::exists(all[1].path / "cpuid.c"));
}

TEST_F(HandedIn, StudentsOfOneNameHaveTheirIds) {
    fs::remove(handed_in());
    test::write_archive(handed_in().string() + ".zip", {{"Participant_5_assignsubmission_file/a.patch"},
                                                        {"Participant_6_assignsubmission_file/a.patch"},
                                                        {"Zoe_8_assignsubmission_file_/a.patch"},
                                                        {"Participant_7_assignsubmission_file/a.patch"}});
    std::string all;
    for (const auto& one : unpacked(find_submission(handed_in().string() + ".zip"), base_, [] {}))
        all += one.name + ";";
    EXPECT_EQ(all, "Participant 5;Participant 6;Participant 7;Zoe;");
}

TEST_F(HandedIn, ACopysNumberIsNoPartOfItsName) {
    put("alice/cpuid (1).c", "one\n0x4FFFFFFC\nthree\n");
    put("alice/cpuid_alice.c", "");
    auto change = change_of(looked_into(), base_);
    EXPECT_EQ(change.refused.size(), 0U);
    EXPECT_NE(change.notes.at(0).text.find("cpuid_alice.c (they are expected under the kernel's names"),
              std::string::npos);
    put("alice/cpuid.c", "one\n0x4FFFFFFD\nthree\n");
    EXPECT_NE(change_of(looked_into(), base_).notes.at(0).text.find(": cpuid (1).c, cpuid_alice.c"),
              std::string::npos);
}

TEST_F(HandedIn, ALinkToADirectoryIsRefused) {
    fs::create_directory_symlink(handed_in(), directory_.path() / "eve");
    EXPECT_EQ(find_submission(directory_.path() / "eve").refused.size(), 1U);
    EXPECT_EQ(find_submission((directory_.path() / "eve").string() + "/").refused.size(), 0U);
}

TEST_F(HandedIn, WhatIsNotTakenBesideOthersIsNamed) {
    put("alice/cpuid.c", "one\n");
    put("alice/README.txt", "so:\n" + text("two", "2"));
    EXPECT_EQ(kind_name(looked_into().kind), "files");
    put("alice/a.patch", text("two", "2"));
    put("alice/b.patch", "--- /dev/null\n+++ b/tools/test.c\n@@ -0,0 +1 @@\n+int x;\n");
    const auto change = change_of(looked_into(), base_);
    EXPECT_EQ(change.refused.size(), 0U);
    ASSERT_EQ(change.notes.size(), 2U);
    EXPECT_EQ(change.notes[0].text,
              "left out: b.patch line 1: tools/test.c is none of KVM's C sources and headers");
    EXPECT_EQ(change.notes[1].text, "the patches are taken, and not the C files beside them: cpuid.c");
}

} // namespace
} // namespace exitaudit::grade
