// What a KVM module loses before an emulated CPU loads it.
#include "exitaudit/lanes/overlay.hpp"

#include <gtest/gtest.h>

#include <cstring>

#include <elf.h>

namespace exitaudit::test {
namespace {

constexpr std::size_t sections = 3; // names, ftrace's list, another

std::size_t header_at(unsigned section) { return sizeof(Elf64_Ehdr) + section * sizeof(Elf64_Shdr); }

std::string module(const std::string& list_name) {
    const auto names = list_name + std::string(1, '\0') + ".text" + std::string(1, '\0');
    Elf64_Ehdr header{};
    std::memcpy(header.e_ident, ELFMAG, SELFMAG);
    header.e_shoff = header_at(0);
    header.e_shnum = sections;
    std::string bytes(header_at(sections), '\0');
    std::memcpy(bytes.data(), &header, sizeof(header));
    const auto put = [&](unsigned number, std::size_t name, std::size_t offset) {
        Elf64_Shdr section{};
        section.sh_name = static_cast<Elf64_Word>(name);
        section.sh_flags = SHF_ALLOC | SHF_WRITE;
        section.sh_offset = offset;
        std::memcpy(bytes.data() + header_at(number), &section, sizeof(section));
    };
    put(0, list_name.size(), bytes.size());
    put(1, 0, 0);
    put(2, list_name.size() + 1, 0);
    return bytes + names;
}

std::uint64_t flags_of(const std::string& bytes, unsigned section) {
    Elf64_Shdr header;
    std::memcpy(&header, bytes.data() + header_at(section), sizeof(header));
    return header.sh_flags;
}

TEST(KvmModule, LosesTheListOfTraceableFunctionsAlone) {
    const auto before = module("__mcount_loc"), after = without_ftrace_list(before);
    EXPECT_EQ(flags_of(after, 1), std::uint64_t{SHF_WRITE});
    EXPECT_EQ(flags_of(after, 2), std::uint64_t{SHF_ALLOC | SHF_WRITE});
    EXPECT_EQ(after.size(), before.size());
}

TEST(KvmModule, IsLeftAloneWithoutThatList) {
    const auto other = module("__mcount_local");
    EXPECT_EQ(without_ftrace_list(other), other);
}

TEST(KvmModule, IsLeftAloneIfItIsSigned) {
    const auto its_own = module("__mcount_loc") + "~Module signature appended~\n";
    EXPECT_EQ(without_ftrace_list(its_own), its_own);
}

TEST(KvmModule, IsLeftAloneIfItIsCutOffOrNone) {
    const auto whole = module("__mcount_loc");
    for (std::size_t size = 0; size < header_at(1); ++size)
        EXPECT_EQ(without_ftrace_list(whole.substr(0, size)), whole.substr(0, size)) << size;
    EXPECT_EQ(without_ftrace_list("no module"), "no module");
}

} // namespace
} // namespace exitaudit::test
