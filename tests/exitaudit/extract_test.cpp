// What is taken of whole files of an unknown kernel, and where it goes.
#include "exitaudit/submission/alignment.hpp"
#include "exitaudit/submission/place.hpp"

#include <gtest/gtest.h>

namespace exitaudit::grade {
namespace {

const std::string ours = R"(#include <linux/kvm_host.h>

struct vcpu {
	int cpu;
};

static int __handle_exit(struct vcpu *vcpu, int path)
{
	int index = vcpu->cpu;

	if (path)
		return 1;
	return handlers[index](vcpu);
}

int emulate_cpuid(struct vcpu *vcpu)
{
	u32 eax, ebx;

	eax = read_rax(vcpu);
	cpuid(vcpu, &eax, &ebx);
	write_rax(vcpu, eax);
	return 1;
}
)";

// As a student of an older kernel has it.
const std::string theirs = R"(#include <linux/kvm_host.h>

struct vcpu {
	int cpu;
	u64 spent;
	int gone_since;
};

static bool older_kernels(struct vcpu *vcpu)
{
	return vcpu->gone_since;
}

u32 total;

static int handle_exit(struct vcpu *vcpu)
{
	int index = vcpu->cpu;
	u64 start;
	int ret;

	if (older_kernels(vcpu))
		return 0;
	total++;
	start = rdtsc();
	ret = handlers[index](vcpu);
	vcpu->spent += rdtsc() - start;
	return ret;
}

int emulate_cpuid(struct vcpu *vcpu)
{
	u32 eax, ebx;

	eax = read_rax(vcpu);
	if (eax == 0x4FFFFFFC) {
		eax = total;
	} else if (eax == 0x4ffffffd) {
		eax = vcpu->spent;
	} else {
		cpuid(vcpu, &eax, &ebx);
	}
	write_rax(vcpu, eax);
	return 1;
}
)";

// The kernel that is nearest to theirs.
const std::string nearest = R"(struct vcpu {
	int cpu;
	int gone_since;
};
static bool older_kernels(struct vcpu *vcpu)
{
	return vcpu->gone_since;
}
static int handle_exit(struct vcpu *vcpu)
{
	int index = vcpu->cpu;

	if (older_kernels(vcpu))
		return 0;
	return handlers[index](vcpu);
}
)";

std::string extracted(const std::string& text, Reach reach, std::set<std::string>* names = nullptr) {
    std::vector<ComparedFile> files;
    auto& file = files.emplace_back(ComparedFile{"kvm.c", CSource(text), CSource(ours), {}});
    file.others.emplace_back(nearest);
    pair_lines(file);
    auto known = identifiers(ours + nearest + " rdtsc total u64 start");
    const auto found = select_ledger_lines(files, known, reach);
    if (names) *names = found;
    return place_kept_lines(file).text;
}

// The text with this one changed.
std::string changed(std::string text, const std::string& from, const std::string& to) {
    const auto at = text.find(from);
    EXPECT_NE(at, std::string::npos) << from;
    return at == std::string::npos ? text : text.replace(at, from.size(), to);
}

TEST(Extract, TakesTheLedgersLinesAndNoneOfAnotherKernels) {
    auto expected = changed(ours, "	int cpu;\n", "	int cpu;\n	u64 spent;\n");
    expected = changed(expected, "static int __handle", "u32 total;\nstatic int __handle");
    expected = changed(expected, "vcpu->cpu;\n", "vcpu->cpu;\n	u64 start;\n	int ret;\n");
    expected = changed(expected, "	return handlers[index](vcpu);\n",
                       "	total++;\n	start = rdtsc();\n	ret = handlers[index](vcpu);\n"
                       "	vcpu->spent += rdtsc() - start;\n	return ret;\n");
    expected = changed(
        expected, "	cpuid(vcpu, &eax, &ebx);\n",
        "	if (eax == 0x4FFFFFFC) {\n		eax = total;\n	} else if (eax == 0x4ffffffd) {\n"
        "		eax = vcpu->spent;\n	} else {\n	cpuid(vcpu, &eax, &ebx);\n	}\n");
    EXPECT_EQ(extracted(theirs, Reach::neighbours), expected);
}

TEST(Extract, TakesAHeaderOfTheirsWithNamesOfTheLedger) {
    std::vector<ComparedFile> files;
    files.push_back({"arch/x86/kvm/cpuid.c",
                     CSource("#include \"ours.h\"\n#include \"exits.h\"\n#include \"other.h\"\n" + theirs),
                     CSource(ours),
                     {}});
    files.push_back({"arch/x86/kvm/exits.h",
                     CSource("#ifndef EXITS_H\n#define EXITS_H\nextern u32 total;\n#endif\n"),
                     CSource(""),
                     {CSource("")}});
    files.push_back({"arch/x86/kvm/other.h", CSource("int kernel_part;\n"), CSource(""), {}});
    files.push_back(
        {"arch/x86/kvm/newer.h", CSource("u32 total;\n"), CSource(""), {CSource("u32 total;\n")}});
    for (auto& file : files) pair_lines(file);
    select_ledger_lines(files, identifiers(ours + nearest + " rdtsc u64 start extern u32"),
                        Reach::statements);
    const auto text = place_kept_lines(files[0]).text;
    EXPECT_NE(text.find("#include \"exits.h\"\n"), std::string::npos);
    EXPECT_EQ(text.find("other.h"), std::string::npos);
    EXPECT_EQ(place_kept_lines(files[1]).text,
              "#ifndef EXITS_H\n#define EXITS_H\nextern u32 total;\n#endif\n");
    EXPECT_EQ(place_kept_lines(files[2]).text, "");
}

// The kernel's function under a new name, and one round it that has its name.
TEST(Extract, PutsAFunctionThatWrapsTheKernelsBehindIt) {
    const std::string wrapper =
        "static int __handle_exit(struct vcpu *vcpu, int path)\n{\n"
        "	int ret = count_exit(vcpu, path);\n\n	total++;\n	return ret;\n}\n";
    auto wrapped = changed(ours, "__handle_exit", "count_exit");
    wrapped = changed(wrapped, "\nint emulate", "\nu32 total;\n\n" + wrapper + "\nint emulate");
    wrapped = changed(wrapped, "	cpuid(vcpu",
                      "	if (eax == 0x4FFFFFFC)\n		eax = total;\n	cpuid(vcpu");
    auto expected = changed(ours, "__handle_exit", "count_exit");
    expected = changed(expected, "int emulate", "u32 total;\n" + wrapper + "int emulate");
    expected = changed(expected, "	cpuid(vcpu",
                       "	if (eax == 0x4FFFFFFC)\n		eax = total;\n	cpuid(vcpu");
    EXPECT_EQ(extracted(wrapped, Reach::neighbours), expected);
}

TEST(Extract, OfOurOwnKernelsFileWithoutChangesNothingIsTaken) {
    EXPECT_EQ(extracted(ours, Reach::neighbours), ours);
}

TEST(Extract, KeepsALogLineOfAFunctionThatTheLedgerIsIn) {
    const auto logged = changed(theirs, "	if (older", "	printk(\"an exit\\n\");\n	if (older");
    EXPECT_NE(extracted(logged, Reach::statements).find("printk"), std::string::npos);
    EXPECT_EQ(extracted(changed(nearest, "	if (older", "	printk(\"an exit\\n\");\n	if (older"),
                        Reach::statements)
                  .find("printk"),
              std::string::npos);
}

TEST(Extract, NamesWhatTheLedgerIntroduces) {
    std::set<std::string> names;
    extracted(theirs, Reach::statements, &names);
    EXPECT_TRUE(names.contains("total"));
    EXPECT_TRUE(names.contains("spent"));
    EXPECT_FALSE(names.contains("older_kernels"));
}

TEST(CSource, FindsItemsAndStatementsDespiteCommentsAndStrings) {
    const CSource source("/* { */\nstatic const char *x = \"{\"; // }\nint f(int a,\n      int b)\n{\n	if "
                         "(a)\n		g(\"}\",\n"
                         "		  b);\n}\n#define M(a) { \\\n	a\nEXPORT_SYMBOL(f);\n");
    ASSERT_EQ(source.items().size(), 4u);
    EXPECT_EQ(source.items()[1].key, "f");
    EXPECT_EQ(source.items()[1].last, 8u);
    EXPECT_EQ(source.items()[3].key, "EXPORT_SYMBOL(f);");
    EXPECT_EQ(source.statement(7).first, 5u);
    EXPECT_EQ(source.statement(5).last, 7u);
}

TEST(CSource, SurvivesWhatIsNoC) {
    const auto deep = [](const std::string& line) {
        std::string text;
        for (int i = 0; i < 20000; ++i) text += line;
        return text;
    };
    for (const auto& text : std::initializer_list<std::string>{
             "}}}}", "{{{{", "\"", "/*", "#", "'", "((((;", "\\", "a\\\n", "a {\nb;\n}\nelse\n} else {\n",
             "{\n} else {\n", deep("{\n"), deep("()") + "{\n}\n"}) {
        const CSource source(text);
        for (const auto& item : source.items()) EXPECT_LE(item.first, item.last);
        for (std::size_t line = 0; line < source.lines().size(); ++line)
            EXPECT_LT(source.statement(line).last, source.lines().size());
    }
}

TEST(Align, PrefersLongLinesToBraces) {
    const std::vector<std::string> a{"}", "total = total + 1;", "}"}, b{"}", "}", "total = total + 1;"};
    EXPECT_EQ(align(a, b)[1], 2u);
    EXPECT_EQ(align(a, {}), std::vector<std::optional<std::size_t>>(3));
}

FileChange change_with(const std::string& hunk) { return {"kvm.c", "p.patch", false, {{7, hunk}}}; }

TEST(PlaceHunks, FindsTheFunctionAndTheLinesRoundAHunk) {
    const auto placed = place_hunks(
        change_with(
            "@@ -900,4 +900,6 @@ static int handle_exit(struct vcpu *vcpu)\n 	int index = vcpu->cpu;\n \n"
            "-	return handlers[index](vcpu);\n+	total++;\n+	return handlers[index](vcpu, 0);\n "
            "}\n"),
        CSource(ours));
    EXPECT_TRUE(placed.homeless.empty());
    EXPECT_EQ(placed.text, changed(ours, "	return handlers[index](vcpu);\n",
                                   "	total++;\n	return handlers[index](vcpu, 0);\n"));
    ASSERT_EQ(placed.origins.size(), 2u);
    EXPECT_EQ(placed.origins.begin()->second, 11u); // line of the patch
}

TEST(PlaceHunks, LeavesOutAHunkOfAnotherFile) {
    const auto placed =
        place_hunks(change_with("@@ -1,2 +1,3 @@\n something(else);\n+	total++;\n quite(different);\n"),
                    CSource(ours));
    EXPECT_EQ(placed.homeless, std::vector<std::size_t>{7});
    EXPECT_EQ(placed.text, ours);
}

} // namespace
} // namespace exitaudit::grade
