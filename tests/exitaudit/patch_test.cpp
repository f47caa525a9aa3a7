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
    EXPECT_EQ(place_in_source("/usr/src/linux/arch/x86/kvm/cpuid.c", files), "arch/x86/kvm/cpuid.c");
    EXPECT_EQ(place_in_source("../new/arch/x86/kvm/exits.h", files), "arch/x86/kvm/exits.h");
    EXPECT_EQ(place_in_source("a/../../etc/passwd", files), "");
    EXPECT_EQ(place_in_source("arch/x86/kvm/../../../x.c", files), "");
    EXPECT_EQ(place_in_source("/etc/x.c", files), "");
    EXPECT_EQ(place_in_source("a/..", files), "");
    EXPECT_EQ(place_in_source("", files), "");
    EXPECT_EQ(place_in_source("b/scripts/x.sh", files), "scripts/x.sh");
    EXPECT_EQ(place_in_source("vmx-1.c", files), "arch/x86/kvm/vmx/vmx.c");
    EXPECT_EQ(place_in_source("hw/cpuid (2).c", files), "arch/x86/kvm/cpuid.c");
    EXPECT_EQ(place_in_source("arch/x86/kvm/exits-1.h", files), "arch/x86/kvm/exits-1.h");
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
          in_git("old mode 100644\nnew mode 120000"), in_git("new file mode 160000"),
          in_git("GIT binary patch"), in_git("Binary files a/x and b/x differ"),
          std::string("Binary files a/x and b/x differ\n"), std::string("*** a\n--- b\n***************\n")})
        EXPECT_EQ(ids(read(text).refused), Ids{"refused"}) << text;
}

TEST(Patch, LeavesOutWhatIsBesideKvm) {
    const auto ours = change("a/arch/x86/kvm/cpuid.c", "b/arch/x86/kvm/cpuid.c");
    for (const auto& text :
         {change("/dev/null", "b/tools/test_exits.c"), change("/dev/null", "b/test.c"),
          change("a/tools/testing/x.c", "b/tools/testing/x.c"), change("a/.config", "b/.config"),
          std::string("Binary files a/arch/x86/kvm/kvm.o and b/arch/x86/kvm/kvm.o differ\n"),
          in_git("deleted file mode 100644") + change("a/notes", "/dev/null")}) {
        const auto patch = read(text + ours);
        EXPECT_EQ(ids(patch.refused), Ids{}) << text;
        EXPECT_EQ(ids(patch.notes), Ids{"left-out"}) << text;
        EXPECT_EQ(patch.text(), change("arch/x86/kvm/cpuid.c", "arch/x86/kvm/cpuid.c"));
        EXPECT_NE(ids(read(text).refused), Ids{}) << text;
        EXPECT_TRUE(read(text).is_beside) << text;
    }
    for (const auto* name : {"arch/x86/kvm/Makefile", "arch/x86/Kconfig", "include/linux/mm.h",
                             "kernel/fork.c", "../../x", "/etc/passwd", "arch/x86/kvm/vmx/vmenter.S"})
        EXPECT_EQ(ids(read(ours + change("a/" + std::string(name), "b/" + std::string(name))).refused),
                  Ids{"refused"})
            << name;
}

TEST(Patch, SaysWhatToHandInInstead) {
    EXPECT_EQ(
        read("From: a@b\nContent-Type: application/zip; name=\"my hw.zip\"\n\nUEsDBA==\n").refused[0].text,
        "p holds no unified diff: hand in my hw.zip itself, which is attached to the mail");
}

TEST(Patch, IgnoresModes) {
    const auto patch =
        read(in_git("old mode 100644\nnew mode 100755") + in_git("old mode 100755\nnew mode 100644") +
             in_git("new file mode 100755") + change("/dev/null", "b/arch/x86/kvm/exits.h"));
    EXPECT_EQ(ids(patch.refused), Ids{});
    EXPECT_EQ(ids(patch.notes), Ids{"mode-ignored"});
    EXPECT_EQ(ids(read(in_git("old mode 100644\nnew mode 100755")).refused), Ids{"no-patch"});
}

TEST(Patch, SanitizesWhatItCites) {
    const auto patch = read(change("a/\x1b[2J<b>", "b/\x1b[2J<b>"));
    EXPECT_EQ(patch.refused.at(0).text, "p line 1: ?[2J<b> is none of KVM's C sources and headers");
    EXPECT_EQ(read_patch("", "a\n\x1b", files).refused.at(0).text,
              "a?? holds no unified diff: make it with diff -u or git diff");
}

TEST(Patch, TakesTheKernelsNameOfTwo) {
    EXPECT_EQ(read(change("cpuid.c", "cpuid-new.c")).changes.at(0).path, "arch/x86/kvm/cpuid.c");
    EXPECT_EQ(read(change("cpuid.c.orig", "cpuid.c")).changes.at(0).path, "arch/x86/kvm/cpuid.c");
    EXPECT_EQ(read(change("\"a/\\303\\244/arch/x86/kvm/cpuid.c\"", "\"b/\\303\\244/arch/x86/kvm/cpuid.c\""))
                  .changes.at(0)
                  .path,
              "arch/x86/kvm/cpuid.c");
}

const std::string plain = change("a/arch/x86/kvm/cpuid.c", "b/arch/x86/kvm/cpuid.c");

std::string mail(const std::string& headers, const std::string& body) {
    return "From 0123abc Mon Sep 17 00:00:00 2001\nFrom: Ada <a@example.org>\nSubject: [PATCH] count\n" +
           headers + "\nCount exits.\n---\n arch/x86/kvm/cpuid.c | 1 +\n\n" + body + "-- \n2.39.2\n\n";
}

TEST(Patch, IsReadFromMails) {
    const auto twice = read(mail("", plain) + mail("Content-Transfer-Encoding: 8bit\n", plain));
    EXPECT_EQ(ids(twice.refused), Ids{});
    EXPECT_EQ(twice.changes.size(), 2U);
    const auto quoted =
        read(mail("Content-Transfer-Encoding: quoted-printable\n",
                  "--- a/arch/x86/kvm/cpu=\nid.c\n+++ b/arch/x86/kvm/cpuid.c\n@@ -1,2 +1,3 @@\n one\n"
                  "+new =3D =E2=82=AC;\n two\n") +
             mail("", plain));
    EXPECT_EQ(ids(quoted.refused), Ids{});
    ASSERT_EQ(quoted.changes.size(), 2U);
    EXPECT_EQ(quoted.changes[0].hunks.at(0).text, "@@ -1,2 +1,3 @@\n one\n+new = \xe2\x82\xac;\n two\n");
    EXPECT_EQ(quoted.changes[1].hunks.at(0).text, "@@ -1,2 +1,3 @@\n one\n+new\n two\n");
}

TEST(Patch, IsReadFromAMailsAttachment) {
    const auto patch =
        read("From: Ada <a@example.org>\r\nContent-Type: multipart/mixed;\r\n boundary=\"=-x+y\"\r\n\r\n"
             "--=-x+y\r\nContent-Type: text/plain\r\n\r\nHello\r\n"
             "--=-x+y\r\nContent-Transfer-Encoding: BASE64\r\n\r\n"
             "LS0tIGEvYXJjaC94ODYva3ZtL2NwdWlkLmMKKysrIGIvYXJjaC94ODYva3Zt\r\n"
             "L2NwdWlkLmMKQEAgLTEsMiArMSwzIEBACiBvbmUKK25ldwogdHdvCg==\r\n--=-x+y--\r\n");
    EXPECT_EQ(ids(patch.refused), Ids{});
    EXPECT_EQ(patch.text(), change("arch/x86/kvm/cpuid.c", "arch/x86/kvm/cpuid.c"));
}

TEST(Patch, IsReadAsEditorsAndShellsWriteIt) {
    std::string old_mac = plain, little = "\xff\xfe", big = "\xfe\xff";
    std::ranges::replace(old_mac, '\n', '\r');
    for (const char c : plain) {
        little += {c, '\0'};
        big += {'\0', c};
    }
    for (const auto& text : {"\xef\xbb\xbf" + plain, old_mac, little, big})
        EXPECT_EQ(read(text).text(), change("arch/x86/kvm/cpuid.c", "arch/x86/kvm/cpuid.c"));
    EXPECT_EQ(read(std::string("\xff\xfe\x2d\0\xac\x20", 6)).refused.at(0).id, "no-patch");
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
    EXPECT_EQ(read(plain + "@@ -1,2 +1,x @@\n one\n").refused.at(0).text,
              "p line 7: the hunk that starts there has no valid line numbers");
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
    read_patch_log("patching file arch/x86/kvm/cpuid.c\nHunk #1 succeeded at 3 (offset 2 lines).\n"
                   "patching file arch/x86/kvm/vmx/vmx.c\nHunk #1 FAILED at 1.\n1 out of 1 hunk FAILED\n",
                   patch, compiled);
    ASSERT_EQ(compiled.rejected.size(), 1U);
    EXPECT_EQ(compiled.rejected_hunks.at(0).hunks.at(0).line, 9U);
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
