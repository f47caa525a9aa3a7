// Many submissions: how many at once, in which order, and which are graded again.
#include "exitaudit/grade/content.hpp"
#include "exitaudit/grade/jobs.hpp"
#include "exitaudit/grade/rows.hpp"
#include "exitaudit/support/exit_code.hpp"
#include "exitaudit/support/file.hpp"
#include "exitaudit/support/sha256.hpp"

#include <gtest/gtest.h>

namespace exitaudit::grade {
namespace {

namespace fs = std::filesystem;

// The examples of FIPS 180-4, and lengths round the end of a block.
TEST(Sha256, IsThatOfTheStandard) {
    EXPECT_EQ(sha256(""), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    EXPECT_EQ(sha256("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    EXPECT_EQ(sha256("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq"),
              "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
    EXPECT_EQ(sha256(std::string(55, 'a')),
              "9f4390f8d30c2dd92ec9f095b65e2b9ae9b0a925a5258e241c9f1e910f734318");
    EXPECT_EQ(sha256(std::string(64, 'a')),
              "ffe054fe7ae0cb6dc65c3af9b61d5209f439851db43d0ba5997337df154668eb");
    EXPECT_EQ(sha256(std::string(1'000'000, 'a')),
              "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

TEST(Jobs, AreAsManyAsCoresAndMemoryAllow) {
    constexpr std::uint64_t gb = 1'000'000'000;
    EXPECT_EQ(jobs_for(0, {16, 64 * gb}).count, 8U);
    EXPECT_EQ(jobs_for(0, {16, 3 * gb}).count, 2U);
    EXPECT_EQ(jobs_for(0, {1, gb / 2}).count, 1U);
    EXPECT_EQ(jobs_for(0, {16, 3 * gb}).lowered, "");
    EXPECT_EQ(jobs_for(4, {2, 64 * gb}).count, 4U);
    EXPECT_TRUE(jobs_for(1, {1, 2 * gb}).lanes_at_once);
    EXPECT_FALSE(jobs_for(1, {8, gb}).lanes_at_once);
    const auto lowered = jobs_for(8, {16, 4 * gb});
    EXPECT_EQ(lowered.count, 2U);
    EXPECT_EQ(lowered.lowered, "grading 2 at once, not 8: each takes up to 1400 MB of memory, and 4000 MB "
                               "are available");
}

TEST(Jobs, SeeTheMemoryThatControlGroupsLeave) {
    const TemporaryDirectory root;
    const auto inner = root.path() / "slurm/job";
    fs::create_directories(inner);
    EXPECT_EQ(left_by_control_groups(root.path(), "slurm/job"), std::numeric_limits<std::uint64_t>::max());
    write_file(inner / "memory.max", "max\n");
    write_file(root.path() / "slurm/memory.max", "3000\n");
    write_file(root.path() / "slurm/memory.current", "1500\n");
    write_file(root.path() / "slurm/memory.stat", "anon 900\ninactive_file 500\n");
    EXPECT_EQ(left_by_control_groups(root.path(), "slurm/job"), 2000U);
    write_file(inner / "memory.max", "100\n");
    write_file(inner / "memory.current", "200\n");
    EXPECT_EQ(left_by_control_groups(root.path(), "slurm/job"), 0U);
}

// of_content() of these tests' options.
constexpr auto of_default = "6.1 auto 1 115 0 false  ";

class OfADirectory : public testing::Test {
protected:
    std::string content(const std::string& name, const std::string& options = of_default) const {
        return content_of(find_submission((files_.path() / name).string()), Base{}, options);
    }
    void write(const std::string& name, const std::string& text) const {
        fs::create_directories((files_.path() / name).parent_path());
        write_file(files_.path() / name, text);
    }
    nlohmann::json row(const std::string& name, const std::string& verdict) const {
        Row row;
        row.submission = find_submission((files_.path() / name).string());
        row.verdict = verdict;
        row.content = content(name);
        return row_document(row);
    }
    std::vector<Submission> submissions(const std::vector<std::string>& names) const {
        std::vector<Submission> found;
        for (const auto& name : names) found.push_back(find_submission((files_.path() / name).string()));
        return found;
    }
    const TemporaryDirectory files_;
};

TEST_F(OfADirectory, TheContentChangesWithBytesNamesAndOptions) {
    write("a.patch", "one");
    write("bob/vmx.c", "one");
    const auto patch = content("a.patch"), files = content("bob");
    EXPECT_EQ(patch.size(), 64U);
    EXPECT_EQ(content("a.patch"), patch);
    EXPECT_NE(content("a.patch", "6.1 svm 1 "), patch);
    write("a.patch", "two");
    EXPECT_NE(content("a.patch"), patch);
    write("bob/deep/vmx.h", "");
    const auto more = content("bob");
    EXPECT_NE(more, files);
    fs::rename(files_.path() / "bob/deep/vmx.h", files_.path() / "bob/deep/svm.h");
    EXPECT_NE(content("bob"), more);
}

TEST_F(OfADirectory, OfATreeOnlyKvmsFilesCount) {
    write("tree/arch/x86/kvm/x86.c", "one");
    const auto before = content("tree");
    write("tree/drivers/x.c", "one");
    EXPECT_EQ(content("tree"), before);
    write("tree/arch/x86/kvm/x86.c", "two");
    EXPECT_NE(content("tree"), before);
}

TEST_F(OfADirectory, WhatCannotBeReadHasNoContent) {
    fs::create_symlink("/etc/passwd", files_.path() / "link.patch");
    EXPECT_EQ(content("link.patch"), "");
}

TEST_F(OfADirectory, RowsArePrintedInTheOrderGivenAndWrittenAsTheyCome) {
    for (const auto* name : {"a", "b", "c"}) write(name, name);
    GradeOptions options;
    options.kernel = "6.1";
    options.json = files_.path() / "grades.json";
    Rows rows(options, submissions({"a", "b", "c"}));
    testing::internal::CaptureStdout();
    rows.add(2, row("c", "pass"));
    EXPECT_EQ(testing::internal::GetCapturedStdout(), "");
    EXPECT_EQ(read_document(options.json.string())["rows"].size(), 1U);
    EXPECT_EQ(read_document(options.json.string())["exit_code"], 0);
    testing::internal::CaptureStdout();
    rows.add(0, row("a", "fail"));
    rows.add(1, row("b", "refused"));
    const auto printed = testing::internal::GetCapturedStdout();
    EXPECT_LT(printed.find("/a "), printed.find("/b "));
    EXPECT_LT(printed.find("/b "), printed.find("/c "));
    EXPECT_EQ(read_document(options.json.string()), rows.document());
    EXPECT_EQ(rows.document()["rows"][2]["verdict"], "pass");
    EXPECT_EQ(rows.document()["exit_code"], 1);
}

TEST_F(OfADirectory, ResumeKeepsWhatIsUnchangedAndCouldBeGraded) {
    for (const auto* name : {"same", "changed", "ours", "unknown"}) write(name, name);
    GradeOptions options;
    options.kernel = "6.1";
    options.json = files_.path() / "grades.json";
    Rows first(options, submissions({"same", "changed", "ours"}));
    testing::internal::CaptureStdout();
    first.add(0, row("same", "fail"));
    first.add(1, row("changed", "fail"));
    first.add(2, row("ours", "could-not-grade"));
    write("changed", "another");
    Rows again(options, submissions({"unknown", "ours", "changed", "same"}));
    EXPECT_EQ(again.resume({}), 1U);
    EXPECT_TRUE(again.has(3));
    auto other = options;
    other.lane = "svm"; // another audit
    EXPECT_EQ(Rows(other, submissions({"same"})).resume({}), 0U);
    other = options;
    other.terms.strict = true; // other terms
    EXPECT_EQ(Rows(other, submissions({"same"})).resume({}), 0U);
    write_file(options.json, R"({"schema": 1, "kind": "run"})");
    EXPECT_THROW(again.resume({}), Error);
    fs::remove(options.json);
    EXPECT_EQ(again.resume({}), 0U);
    testing::internal::GetCapturedStdout();
}

TEST(Row, IsPrintedFromItsDocument) {
    const nlohmann::json row{{"patch", "a\n"},
                             {"builds", true},
                             {"layout", "F22"},
                             {"sdm", 70},
                             {"verdict", "fail"},
                             {"findings",
                              {{{"id", "x"}, {"text", "own"}},
                               {{"id", "y"}, {"text", "both"}, {"lane", "svm"}},
                               {{"id", "y"}, {"text", "both"}, {"lane", "vmx"}}}},
                             {"notes", {{{"id", "z"}, {"text", "a note"}, {"lane", "vmx"}}}}};
    EXPECT_EQ(row_lines(row, 5),
              (std::vector<std::string>{"a?     yes     F22      70   fail", "    own [x]",
                                        "    svm, vmx: both [y]", "    note: vmx: a note [z]"}));
}

} // namespace
} // namespace exitaudit::grade
