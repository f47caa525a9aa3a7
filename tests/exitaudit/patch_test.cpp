// What grade reads in somebody's patch, and what it refuses.
#include "exitaudit/grade/compile.hpp"
#include "exitaudit/submission/patch.hpp"

#include <gtest/gtest.h>

namespace {

using namespace exitaudit::grade;

const SourceFiles files{"arch/x86/kvm/Makefile",        "arch/x86/kvm/cpuid.c",
                        "arch/x86/kvm/cpuid.h",         "arch/x86/kvm/vmx/vmx.c",
                        "arch/x86/include/asm/cpuid.h", "arch/x86/include/asm/kvm_host.h",
                        "include/linux/kvm_host.h"};

std::string change(const std::string& before, const std::string& after) {
    return "--- " + before + "\n+++ " + after + "\n@@ -1,2 +1,3 @@\n one\n+new\n two\n";
}

// Where git says more than diff.
std::string in_git(const std::string& line) { return "diff --git a/x b/x\n" + line + "\n"; }

Patch read(const std::string& text) { return read_patch(text, "p", files); }

using Ids = std::vector<std::string>;

Ids ids(const std::vector<exitaudit::Finding>& findings) {
    Ids ids;
    for (const auto& finding : findings) ids.push_back(finding.id);
    return ids;
}

TEST(Patch, FindsAFilesPlace) {
    EXPECT_EQ(place_in_source("a/arch/x86/kvm/cpuid.c", files), "arch/x86/kvm/cpuid.c");
    EXPECT_EQ(place_in_source("linux-6.1/my kernel/arch/x86/kvm/vmx/vmx.c", files), "arch/x86/kvm/vmx/vmx.c");
    EXPECT_EQ(place_in_source("kvm/vmx/vmx.c", files), "arch/x86/kvm/vmx/vmx.c");
    EXPECT_EQ(place_in_source("cpuid.h", files), "arch/x86/kvm/cpuid.h");
    EXPECT_EQ(place_in_source("b/arch/x86/kvm/exits.h", files), "arch/x86/kvm/exits.h");
    EXPECT_EQ(place_in_source("/usr/src/linux/arch/x86/kvm/cpuid.c", files), "");
    EXPECT_EQ(place_in_source("a/../arch/x86/kvm/cpuid.c", files), "");
    EXPECT_EQ(place_in_source("b/scripts/x.sh", files), "scripts/x.sh");
}

TEST(Patch, MayChangeKvmsSourcesAndHeadersOnly) {
    for (const auto* path :
         {"arch/x86/kvm/x86.c", "arch/x86/kvm/vmx/vmx.h", "arch/x86/include/asm/kvm_host.h",
          "arch/x86/include/uapi/asm/vmx.h", "include/linux/kvm_host.h", "virt/kvm/kvm_main.c"})
        EXPECT_TRUE(may_change(path)) << path;
    for (const auto* path : {"arch/x86/kvm/Makefile", "arch/x86/kvm/vmx/vmenter.S", "arch/x86/kvm/../x.c",
                             "include/linux/mm.h", "scripts/x.c", "arch/x86/kvm/a b.c",
                             "arch/x86/kvm/kvm-asm-offsets.h", "/arch/x86/kvm/x86.c", "tools/x.h", ""})
        EXPECT_FALSE(may_change(path)) << path;
}

TEST(Patch, IsWrittenAgainUnderNamesOfOurs) {
    const auto patch = read(
        "From: me\n\ndiff --git a/arch/x86/kvm/cpuid.c b/arch/x86/kvm/cpuid.c\nindex 1..2 100644\n" +
        change("a/arch/x86/kvm/cpuid.c\t2022-01-01", "b/arch/x86/kvm/cpuid.c\t2022-01-02") + "-- \n2.39\n");
    EXPECT_TRUE(patch.refused.empty());
    EXPECT_EQ(patch.text(), change("arch/x86/kvm/cpuid.c", "arch/x86/kvm/cpuid.c"));
}

TEST(Patch, LosesCarriageReturnsAndGetsBackBlanks) {
    const auto patch = read("--- a/arch/x86/kvm/cpuid.c\r\n+++ b/arch/x86/kvm/cpuid.c\r\n@@ -1,2 +1,3 "
                            "@@\r\n\r\n+new\r\n two\r\n");
    EXPECT_TRUE(patch.refused.empty());
    EXPECT_EQ(patch.text(),
              "--- arch/x86/kvm/cpuid.c\n+++ arch/x86/kvm/cpuid.c\n@@ -1,2 +1,3 @@\n \n+new\n two\n");
}

TEST(Patch, RefusesWithThePlace) {
    const auto makefile = read("hello\n" + change("a/arch/x86/kvm/Makefile", "b/arch/x86/kvm/Makefile"));
    ASSERT_EQ(makefile.refused.size(), 1U);
    EXPECT_EQ(makefile.refused[0].text,
              "p line 2: arch/x86/kvm/Makefile is none of KVM's C sources and headers");
    for (const auto& text :
         {change("a/arch/x86/kvm/cpuid.c", "/dev/null"), change("a/../../x.c", "b/../../x.c"),
          change("/etc/x.c", "/etc/x.c"), change("a/arch/x86/kvm/none.c", "b/arch/x86/kvm/none.c"),
          in_git("new file mode 120000"), in_git("rename from a"), in_git("copy from a"),
          in_git("old mode 100644"), in_git("GIT binary patch"), in_git("Binary files a/x and b/x differ"),
          std::string("Binary files a/x and b/x differ\n"), std::string("*** a\n--- b\n***************\n")})
        EXPECT_EQ(ids(read(text).refused), Ids{"refused"}) << text;
}

// A commit message, after which git's header begins, and the next patch's message.
TEST(Patch, TakesProseForNoHeader) {
    const auto prose =
        std::string("copy from user space is needed.\nBinary files are not touched.\n***************\n");
    const auto git = "diff --git a/arch/x86/kvm/cpuid.c b/arch/x86/kvm/cpuid.c\nindex 1..2 100644\n" +
                     change("a/arch/x86/kvm/cpuid.c", "b/arch/x86/kvm/cpuid.c");
    EXPECT_EQ(ids(read(prose + git + prose).refused), Ids{});
    EXPECT_EQ(ids(read(in_git("index 1..2 100644") + "\n" + prose + git).refused), Ids{});
    EXPECT_EQ(read(prose + git + in_git("rename to b")).refused.at(0).text,
              "p line 13: the patch renames a file");
}

TEST(Patch, RefusesAHunkThatIsCutOff) {
    const auto patch =
        read("--- a/arch/x86/kvm/cpuid.c\n+++ b/arch/x86/kvm/cpuid.c\n@@ -1,9 +1,10 @@\n one\n+new\n");
    ASSERT_EQ(patch.refused.size(), 1U);
    EXPECT_NE(patch.refused[0].text.find("p line 3: the hunk that starts there is cut off"),
              std::string::npos);
    EXPECT_EQ(read("no patch at all\n").refused[0].id, "no-patch");
}

// A removed line that looks like the start of a file's changes belongs to its hunk.
TEST(Patch, CountsAHunksLines) {
    const auto patch = read("--- a/arch/x86/kvm/cpuid.c\n+++ b/arch/x86/kvm/cpuid.c\n@@ -1,2 +1,2 @@\n--- "
                            "a/Makefile\n+++ b/Makefile\n two\n");
    EXPECT_TRUE(patch.refused.empty());
    EXPECT_EQ(patch.changes.size(), 1U);
}

TEST(PatchLog, NamesHunksByTheirLineInThePatch) {
    const auto patch = read(change("a/arch/x86/kvm/cpuid.c", "b/arch/x86/kvm/cpuid.c") +
                            change("a/arch/x86/kvm/vmx/vmx.c", "b/arch/x86/kvm/vmx/vmx.c"));
    Compiled compiled;
    read_patch_log("patching file arch/x86/kvm/cpuid.c\nHunk #1 succeeded at 3 with fuzz 2.\n"
                   "patching file arch/x86/kvm/vmx/vmx.c\nHunk #1 FAILED at 1.\n1 out of 1 hunk FAILED\n",
                   patch, compiled);
    EXPECT_EQ(compiled.fuzzy, 1U);
    ASSERT_EQ(compiled.rejected.size(), 1U);
    EXPECT_EQ(compiled.rejected[0].text, "arch/x86/kvm/vmx/vmx.c: hunk 1 (p line 9) does not apply");
}

TEST(CompileErrors, NameThePlace) {
    const auto errors =
        compile_errors("/build/tree/arch/x86/kvm/x86.c:12:3: error: no ';'\n"
                       "/h/include/linux/a.h:387:45: error: BUILD_BUG_ON failed\n"
                       "/build/tree/arch/x86/kvm/svm/svm.c:9:9: note: in expansion of macro 'BUILD_BUG_ON'\n"
                       "ERROR: modpost: \"exits\" [/build/tree/arch/x86/kvm/kvm-intel.ko] undefined!\n");
    ASSERT_EQ(errors.size(), 3U);
    EXPECT_EQ(errors[0].text, "arch/x86/kvm/x86.c:12: no ';'");
    EXPECT_EQ(errors[1].text, "arch/x86/kvm/svm/svm.c:9: BUILD_BUG_ON failed");
    EXPECT_TRUE(errors[2].text.starts_with("kvm-intel.ko uses exits, which kvm.ko does not export"));
}

TEST(CompileErrors, WhatTheSandboxDoesNotGiveIsTheOnlyError) {
    const auto errors = compile_errors("/build/tree/arch/x86/kvm/x86.c:12:3: error: no ';'\n"
                                       "/build/tree/arch/x86/kvm/x86.s: fatal error: error writing to "
                                       "/build/x.o: No space left on device\n");
    ASSERT_EQ(errors.size(), 1U);
    EXPECT_EQ(errors[0].id, "over-limit");
    const auto cited = compile_errors(
        "/build/tree/arch/x86/kvm/x86.c:12:3: error: no ';'\n   12 |  pr_err(\"out of memory\")\n");
    ASSERT_EQ(cited.size(), 1U);
    EXPECT_EQ(cited[0].id, "does-not-compile");
}

} // namespace
