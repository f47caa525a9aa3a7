// Hosts of a kernel source tree: what is a tree, is it bisected, and where its host's files are.
#include "exitaudit/lanes/embedded_host.hpp"
#include "exitaudit/lanes/tree.hpp"
#include "exitaudit/support/exit_code.hpp"
#include "exitaudit/support/process.hpp"

#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <vector>

namespace exitaudit::test {
namespace {

namespace fs = std::filesystem;

struct Tree : testing::Test {
    std::string name = (fs::temp_directory_path() / "exitaudit-tree-XXXXXX").string();
    fs::path root = mkdtemp(name.data());

    ~Tree() override { fs::remove_all(root); }

    void write(const fs::path& file) const {
        fs::create_directories((root / file).parent_path());
        std::ofstream(root / file) << "x";
    }
};

TEST_F(Tree, NeedsKvmsSource) {
    const auto code_of = [](const fs::path& tree) {
        try {
            require_tree(tree);
        } catch (const Error& error) {
            return error.code;
        }
        return ExitCode::pass;
    };
    EXPECT_EQ(code_of(root / "nothing"), ExitCode::usage);
    EXPECT_EQ(code_of(root), ExitCode::usage);
    for (const auto* file : {"arch/x86/kvm/x86.c", "Kbuild", "Makefile"}) {
        EXPECT_EQ(code_of(root), ExitCode::usage);
        write(file);
    }
    EXPECT_EQ(code_of(root), ExitCode::pass);
}

TEST_F(Tree, ABisectEndsAtUsageErrorsAndSkipsWhatSaysNothing) {
    const auto codes = [](const fs::path& tree) {
        std::vector<int> results;
        for (const int code : {0, 1, 2, 3, 4, 5, 6, 125, 130}) results.push_back(code_in_bisect(code, tree));
        return results;
    };
    const std::vector unchanged{0, 1, 2, 3, 4, 5, 6, 125, 130};
    const std::vector bisected{0, 1, 128, 125, 125, 125, 6, 125, 130};
    EXPECT_EQ(codes(root), unchanged);
    ASSERT_TRUE(output_of({"git", "init", "-q", root.string()}).ending.exited_with(0));
    EXPECT_EQ(codes(root), unchanged);
    write(".git/BISECT_START");
    EXPECT_EQ(codes(root), bisected);
    // What --tree names may be wrong itself.
    const auto before = fs::current_path();
    fs::current_path(root);
    EXPECT_EQ(codes(""), unchanged);
    for (const auto* file : {"arch/x86/kvm/x86.c", "Kbuild", "Makefile"}) write(file);
    EXPECT_EQ(codes(""), bisected);
    EXPECT_EQ(codes("/nonexistent"), bisected);
    fs::current_path(before);
}

TEST_F(Tree, ItsHostsFilesAreWhereTheScriptPutsThem) {
    HostSpec spec;
    spec.built = root;
    const auto host = EmbeddedHost::find(spec, {"/nowhere"});
    EXPECT_EQ(host.kernel, root / "embedded/vmlinux");
    EXPECT_EQ(host.initramfs, root / "embedded/initramfs.cpio");
    EXPECT_EQ(host.modules, root / "modules");
    EXPECT_EQ(host.fallback_modules, root / "modules");
}

} // namespace
} // namespace exitaudit::test
