// What Bochs is given: the PVH image, its configuration, its options.
#include "exitaudit/lanes/bochs.hpp"
#include "exitaudit/support/exit_code.hpp"

#include <gtest/gtest.h>

#include <cstring>

#include <elf.h>

namespace exitaudit::test {
namespace {

constexpr std::uint64_t mebibyte = 1 << 20;

template <typename T> void put(std::string& bytes, std::size_t offset, const T& value) {
    bytes.resize(std::max(bytes.size(), offset + sizeof(value)));
    std::memcpy(bytes.data() + offset, &value, sizeof(value));
}

template <typename T> T get(const std::string& image, std::uint64_t address) {
    T value;
    std::memcpy(&value, image.data() + (address - pvh_image_address), sizeof(value));
    return value;
}

// An ELF kernel with a segment of "code" and 8 zeros at 16 MiB, and this note.
std::string kernel(std::uint32_t note_type, std::uint64_t address = 16 * mebibyte) {
    std::string bytes;
    Elf64_Ehdr header{};
    header.e_phoff = sizeof(header);
    header.e_phnum = 2;
    put(bytes, 0, header);
    Elf64_Phdr segment{};
    segment.p_type = PT_LOAD;
    segment.p_offset = 512;
    segment.p_paddr = address;
    segment.p_filesz = 4;
    segment.p_memsz = 12;
    put(bytes, sizeof(header), segment);
    segment.p_type = PT_NOTE;
    segment.p_offset = 1024;
    segment.p_filesz = 40;
    put(bytes, sizeof(header) + sizeof(segment), segment);
    bytes.resize(512);
    bytes += "code";
    put(bytes, 1024, Elf64_Nhdr{4, 4, 6}); // another note comes first
    put(bytes, 1024 + 20, Elf64_Nhdr{4, 4, note_type});
    put(bytes, 1024 + 36, std::uint32_t{0x1000850});
    return bytes;
}

TEST(PvhImage, HoldsKernelInitramfsAndStartInfoWhereTheyBelong) {
    const auto image = make_pvh_image(kernel(18), "archive", "console=ttyS0", 512 * mebibyte);
    const std::uint64_t start = pvh_image_address + 8;
    EXPECT_EQ(get<std::uint32_t>(image, pvh_image_address), 0x1000850U);
    EXPECT_EQ(get<std::uint32_t>(image, start), 0x336ec578U);
    EXPECT_EQ(image.substr(16 * mebibyte - pvh_image_address, 12),
              std::string("code") + std::string(8, '\0'));

    EXPECT_EQ(get<std::uint32_t>(image, start + 12), 1U); // modules
    const auto module = get<std::uint64_t>(image, start + 16);
    const auto archive = get<std::uint64_t>(image, module);
    EXPECT_EQ(archive % 4096, 0U);
    EXPECT_GT(archive, 16 * mebibyte);
    EXPECT_EQ(get<std::uint64_t>(image, module + 8), 7U);
    EXPECT_STREQ(image.data() + (archive - pvh_image_address), "archive");

    const auto command_line = get<std::uint64_t>(image, start + 24);
    EXPECT_STREQ(image.data() + (command_line - pvh_image_address), "console=ttyS0");
}

TEST(PvhImage, TellsTheRomHowManyPiecesToRead) {
    // Head and kernel take the first piece and a page of the second.
    for (const std::size_t rest : {1U, 0x1f000U, 0x1f001U}) {
        const auto image = make_pvh_image(kernel(18), std::string(rest, 'x'), "", 512 * mebibyte);
        const std::uint32_t pieces = rest > 0x1f000 ? 3 : 2;
        EXPECT_EQ(get<std::uint32_t>(image, pvh_image_address + 4), pieces);
        EXPECT_EQ(image.size(), pieces * 0x20000);
    }
}

TEST(PvhImage, KeepsLinuxOffTheAcpiTables) {
    const auto image = make_pvh_image(kernel(18), "archive", "", 512 * mebibyte);
    const auto map = get<std::uint64_t>(image, pvh_image_address + 8 + 40);
    ASSERT_EQ(get<std::uint32_t>(image, pvh_image_address + 8 + 48), 3U);
    EXPECT_EQ(get<std::uint64_t>(image, map + 2 * 24), 512 * mebibyte - 0x10000);
    EXPECT_EQ(get<std::uint32_t>(image, map + 2 * 24 + 16), 3U); // ACPI
}

TEST(PvhImage, RefusesWhatCannotBoot) {
    EXPECT_THROW(make_pvh_image(kernel(17), "", "", 512 * mebibyte), Error);           // no entry
    EXPECT_THROW(make_pvh_image(kernel(18, mebibyte), "", "", 512 * mebibyte), Error); // too low
    EXPECT_THROW(make_pvh_image(kernel(18), std::string(2 * mebibyte, 'x'), "", 17 * mebibyte),
                 Error);                                                                         // too big
    EXPECT_THROW(make_pvh_image(kernel(18), "", std::string(2048, 'x'), 512 * mebibyte), Error); // too long
    EXPECT_THROW(make_pvh_image("", "", "", 512 * mebibyte), Error);                             // no ELF
    EXPECT_THROW(make_pvh_image(kernel(18).substr(0, 100), "", "", 512 * mebibyte), Error);      // cut off
}

TEST(Bochs, IsToldModelRomAndImage) {
    const auto text = bochs_configuration("zambezi", "/a/pvh.rom", "/proc/1/fd/3");
    EXPECT_NE(text.find("cpu: model=zambezi,"), std::string::npos);
    EXPECT_NE(text.find("optromimage1: file=/a/pvh.rom,"), std::string::npos);
    EXPECT_NE(text.find("ata0-master: type=disk, path=/proc/1/fd/3,"), std::string::npos);
}

TEST(Bochs, StartsInItsDebuggerUntilVersion3) {
    EXPECT_TRUE(bochs_starts_in_debugger("2.7"));
    EXPECT_FALSE(bochs_starts_in_debugger("3.0"));
}

} // namespace
} // namespace exitaudit::test
