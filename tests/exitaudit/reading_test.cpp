// What grade says about a source: what spatch writes, line numbers as handed in, and the rules' sentences.
#include "exitaudit/reading/reading.hpp"
#include "exitaudit/reading/rules.hpp"
#include "exitaudit/support/file.hpp"

#include <gtest/gtest.h>

namespace {

using namespace exitaudit;
using namespace exitaudit::grade;

const std::string vmx = "arch/x86/kvm/vmx/vmx.c";

// A file of which each line is theirs, ten lines further down.
PlacedFile whole(const std::string& path, const std::string& text) {
    PlacedFile file{path, text, {}, {}};
    for (std::size_t line = 1; line <= lines_of(text).size(); ++line) file.origins[line] = line + 10;
    return file;
}

std::vector<std::string> texts(const std::vector<Remark>& remarks) {
    std::vector<std::string> texts;
    for (const auto& remark : remarks) texts.push_back(remark.note.id + " " + remark.note.text);
    return texts;
}

TEST(ReadingFacts, AreLinesOfOurFilesAndNothingElse) {
    const Facts facts("/in/source/a.c:7:f:copies\tx\ty=z=e[x]\n"
                      "/in/source/a.c:7:f:copies\tx\ty=z=e[x]\n"
                      "/etc/passwd:7:f:counts\tx\t-\n"
                      "/in/source/a.c:x:f:counts\tx\t-\n"
                      "warning: something\n",
                      "/in/source/");
    const auto copies = facts.of("copies");
    ASSERT_EQ(copies.size(), 1U);
    EXPECT_EQ(copies[0], (Fact{"a.c", 7, "f", "copies", {"x", "y=z=e[x]", ""}}));
    EXPECT_TRUE(facts.of("counts").empty());
    EXPECT_EQ(facts.copies_of({"e"}, copies[0]), (Names{"e", "x"}));
    EXPECT_EQ(facts.copies_of({"y"}, copies[0]), (Names{"y"})); // y gets a value, and gives none
}

TEST(ReadingFacts, HasNamesThatAreNoPartOfNumbers) {
    EXPECT_EQ(names_in("eax == 0x4FFFFFFE && i < 70u"), (Names{"eax", "i"}));
    EXPECT_EQ(without_brackets("a[b[c]] + d"), "a + d");
}

TEST(ReadingSource, NumbersLinesAsThePatchLeavesThem) {
    const Hunk hunk{40, "@@ -100,3 +110,4 @@ int f(void)\n one\n-two\n+TWO\n+more\n three\n"};
    EXPECT_EQ(lines_after(hunk),
              (std::map<std::size_t, std::size_t>{{41, 110}, {43, 111}, {44, 112}, {45, 113}}));
}

TEST(ReadingSource, FollowsLinesThroughASeriesOfPatches) {
    const TemporaryDirectory directory;
    Base base;
    base.directory = directory.path();
    std::filesystem::create_directories(base.source() / "arch/x86/kvm");
    write_file(base.source() / "arch/x86/kvm/a.c", "alpha = 1;\nbeta = 2;\ngamma = 3;\ndelta = 4;\n");
    const auto change = [](std::string text) {
        return FileChange{"arch/x86/kvm/a.c", "p", false, {{3, std::move(text)}}};
    };
    Patch patch;
    patch.changes = {change("@@ -12,2 +12,3 @@\n gamma = 3;\n+total++;\n delta = 4;\n"),
                     change("@@ -10,2 +10,2 @@\n-alpha = 1;\n+alpha = 5;\n beta = 2;\n")};
    const auto files = patched_files(patch, base);
    ASSERT_TRUE(files);
    ASSERT_EQ(files->size(), 1U);
    EXPECT_EQ(files->front().text, "alpha = 5;\nbeta = 2;\ngamma = 3;\ntotal++;\ndelta = 4;\n");
    EXPECT_EQ(files->front().origins, (std::map<std::size_t, std::size_t>{{1, 10}, {4, 13}}));
    patch.changes = {change("@@ -12,2 +12,3 @@\n another = 3;\n+total++;\n kernel = 4;\n")};
    EXPECT_FALSE(patched_files(patch, base));
}

TEST(ReadingSource, LeavesOutWhatIsNotTheirs) {
    auto file = whole("a.c", "int ours;\nint f(void)\n{\n\treturn 0;\n}\nint theirs;\n");
    file.origins = {{6, 6}};
    EXPECT_EQ(changed_items(file), "\n\n\n\n\nint theirs;\n");
}

// The facts that spatch finds in this source.
const std::string exits_source = "u32 total;\n"
                                 "u32 of[70];\n"
                                 "static int vmx_handle_exit(struct kvm_vcpu *vcpu)\n"
                                 "{\n"
                                 "\ttotal++;\n"
                                 "\tof[exit_reason.basic]++;\n"
                                 "\tprintk(\"exit\");\n"
                                 "\treturn 1;\n"
                                 "\ttotal++;\n"
                                 "}\n";

std::string facts_of_exits() {
    std::string text;
    for (const auto* fact :
         {"1:total:variable\ttotal\tu32", "2:of:variable\tof\tu32[70]", "2:of:array\tof\tu32\t70",
          "5:vmx_handle_exit:counts\ttotal\t-", "9:vmx_handle_exit:counts\ttotal\t-",
          "6:vmx_handle_exit:counts\tof\texit_reason.basic",
          "6:vmx_handle_exit:element\tof\texit_reason.basic", "7:vmx_handle_exit:calls\tprintk"})
        text += vmx + ":" + fact + "\n";
    return text;
}

TEST(ReadingRules, SaysWhatAStudentCanActOn) {
    const Program program({whole(vmx, exits_source)}, Facts(facts_of_exits(), ""));
    EXPECT_EQ(
        texts(remarks_about(program)),
        (std::vector<std::string>{
            "reads-not-atomic vmx.c:15: total is a global that every vCPU adds to, and not atomically: two "
            "vCPUs at once lose counts; make it an atomic64_t and use atomic64_inc() or atomic64_add(), or "
            "count per vCPU; the same holds for of (vmx.c:16)",
            "reads-short-array vmx.c:16: of has 70 elements, and exit_reason.basic is not tested: exits have "
            "numbers up to 75, and the greater ones write behind the array; compare with ARRAY_SIZE(of) "
            "before, or make it larger",
            "reads-after-return vmx.c:19: total is counted behind a return in the same block: this line "
            "never "
            "runs; count before the return",
            "reads-printk vmx.c:17: printk() writes a line to the host's log on each exit that comes here: "
            "it "
            "is slow, and a guest can flood the log; remove it, or use pr_debug()"}));
}

TEST(ReadingRules, SayNothingUnderALockOrInAnotherFunction) {
    const auto facts = facts_of_exits() + vmx + ":5:vmx_handle_exit:calls\tspin_lock\n";
    EXPECT_TRUE(racing_counters(Program({whole(vmx, exits_source)}, Facts(facts, ""))).empty());
    auto elsewhere = facts_of_exits();
    for (auto at = elsewhere.find("vmx_handle_exit"); at != std::string::npos;
         at = elsewhere.find("vmx_handle_exit"))
        elsewhere.replace(at, 15, "vmx_init");
    const Program program({whole(vmx, exits_source)}, Facts(elsewhere, ""));
    EXPECT_TRUE(racing_counters(program).empty());
    EXPECT_TRUE(wrong_indexes(program).empty());
    EXPECT_TRUE(log_lines(program).empty());
}

TEST(ReadingRules, TakeNoExpressionForARegularOne) {
    const auto facts = facts_of_exits() + vmx + ":5:vmx_handle_exit:copies\ty[\texit_reason.basic\n";
    EXPECT_FALSE(wrong_indexes(Program({whole(vmx, exits_source)}, Facts(facts, ""))).empty());
}

TEST(ReadingRules, OfOurOwnLinesSayNothing) {
    auto file = whole(vmx, exits_source);
    file.origins.clear();
    EXPECT_TRUE(remarks_about(Program({file}, Facts(facts_of_exits(), ""))).empty());
}

TEST(Reading, PointsFromAFindingToTheSource) {
    std::vector<Finding> findings{{"racing-counters", "counts are lost"}, {"lost-exits", "exits are lost"}};
    point_to_source(findings, {{{"reads-not-atomic", ""}, "vmx.c:15", {"racing-counters"}}});
    EXPECT_EQ(findings[0].text, "counts are lost; see vmx.c:15");
    EXPECT_EQ(findings[1].text, "exits are lost");
}

} // namespace
