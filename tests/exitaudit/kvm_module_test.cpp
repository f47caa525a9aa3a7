// What a KVM module loses before an emulated CPU loads it.
#include "exitaudit/lanes/overlay.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cstddef>
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
    const auto before = module("__mcount_loc"), after = without_ftrace(before);
    EXPECT_EQ(flags_of(after, 1), std::uint64_t{SHF_WRITE});
    EXPECT_EQ(flags_of(after, 2), std::uint64_t{SHF_ALLOC | SHF_WRITE});
    EXPECT_EQ(after.size(), before.size());
}

// Two calls, of __fentry__ and of another function, at the end of the module above.
struct Calls {
    static constexpr unsigned char call = 0xe8;
    std::uint8_t code[10] = {call, 0, 0, 0, 0, call, 0, 0, 0, 0};
    Elf64_Rela relocations[2] = {{1, ELF64_R_INFO(1, R_X86_64_PLT32), -4},
                                 {6, ELF64_R_INFO(0, R_X86_64_PLT32), -4}};
    Elf64_Sym symbols[2] = {{}, {1, 0, 0, 0, 0, 0}};
    char names[12] = "\0__fentry__";
};

Calls calls_after(const char* list_name) {
    auto bytes = module(list_name);
    // Behind the sections there is no room for more: the headers go to the end, too.
    Elf64_Ehdr header;
    std::memcpy(&header, bytes.data(), sizeof(header));
    const auto base = bytes.size();
    Elf64_Shdr list[sections + 4];
    std::memcpy(list, bytes.data() + header.e_shoff, sections * sizeof(Elf64_Shdr));
    list[3] = {0, SHT_PROGBITS, SHF_EXECINSTR, 0, base + offsetof(Calls, code), sizeof(Calls::code), 0, 0, 0,
               0};
    list[4] = {0, SHT_RELA, 0, 0, base + offsetof(Calls, relocations), sizeof(Calls::relocations),
               5, 3,        0, 0};
    list[5] = {0, SHT_SYMTAB, 0, 0, base + offsetof(Calls, symbols), sizeof(Calls::symbols), 6, 0, 0, 0};
    list[6] = {0, SHT_STRTAB, 0, 0, base + offsetof(Calls, names), sizeof(Calls::names), 0, 0, 0, 0};
    header.e_shoff = base + sizeof(Calls);
    header.e_shnum = sections + 4;
    std::memcpy(bytes.data(), &header, sizeof(header));
    const Calls calls;
    bytes.append(reinterpret_cast<const char*>(&calls), sizeof(calls));
    bytes.append(reinterpret_cast<const char*>(list), sizeof(list));
    const auto after = without_ftrace(bytes);
    Calls result;
    std::memcpy(&result, after.data() + base, sizeof(result));
    return result;
}

TEST(KvmModule, CallsFtraceNoMore) {
    const auto after = calls_after("__mcount_loc");
    const std::array<std::uint8_t, 10> expected{0x0f, 0x1f, 0x44, 0, 0, Calls::call, 0, 0, 0, 0};
    EXPECT_TRUE(std::ranges::equal(after.code, expected));
    EXPECT_EQ(ELF64_R_TYPE(after.relocations[0].r_info), unsigned{R_X86_64_NONE});
    EXPECT_EQ(ELF64_R_TYPE(after.relocations[1].r_info), unsigned{R_X86_64_PLT32});
}

TEST(KvmModule, StillCallsFtraceWithoutThatList) {
    EXPECT_EQ(calls_after("__mcount_local").code[0], Calls::call);
}

TEST(KvmModule, IsLeftAloneWithoutThatList) {
    const auto other = module("__mcount_local");
    EXPECT_EQ(without_ftrace(other), other);
}

TEST(KvmModule, IsLeftAloneIfItIsSigned) {
    const auto its_own = module("__mcount_loc") + "~Module signature appended~\n";
    EXPECT_EQ(without_ftrace(its_own), its_own);
}

TEST(KvmModule, IsLeftAloneIfItIsCutOffOrNone) {
    const auto whole = module("__mcount_loc");
    for (std::size_t size = 0; size < header_at(1); ++size)
        EXPECT_EQ(without_ftrace(whole.substr(0, size)), whole.substr(0, size)) << size;
    EXPECT_EQ(without_ftrace("no module"), "no module");
}

} // namespace
} // namespace exitaudit::test
