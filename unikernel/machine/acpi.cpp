// Finding the FADT and its sleep and reset registers (ACPI specification 6.4, chapters 4 and 5).
#include "machine/acpi.hpp"

#include "machine/io.hpp"

#include <cstring>
#include <string_view>

namespace machine {
namespace {

using Address = std::uint64_t;

template <typename T> T read(Address address) {
    T value;
    std::memcpy(&value, reinterpret_cast<const void*>(address), sizeof value);
    return value;
}

bool has_signature(Address address, std::string_view signature) {
    return std::memcmp(reinterpret_cast<const void*>(address), signature.data(), signature.size()) == 0;
}

// Offsets within tables; 5.2.5.3 (RSDP), 5.2.6 (header), 5.2.9 (FADT), 5.2.3.2 (generic address).
constexpr unsigned rsdp_revision = 15, rsdp_rsdt = 16, rsdp_xsdt = 24;
constexpr unsigned table_length = 4, table_body = 36;
constexpr unsigned fadt_dsdt = 40, fadt_pm1a_control = 64, fadt_reset = 116, fadt_reset_value = 128;
constexpr unsigned fadt_sleep_control = 244, fadt_end = 268;
constexpr unsigned generic_space = 0, generic_address = 4;

constexpr Address identity_mapped_end = Address{4} << 30;

Address search_rsdp() {
    for (Address at = 0xe0000; at < 0x100000; at += 16)
        if (has_signature(at, "RSD PTR ")) return at;
    return 0;
}

Address find_fadt(Address root) {
    const Address rsdp = root ? root : search_rsdp();
    if (!rsdp) return 0;
    const bool extended =
        read<std::uint8_t>(rsdp + rsdp_revision) >= 2 && read<std::uint64_t>(rsdp + rsdp_xsdt);
    const Address list =
        extended ? read<std::uint64_t>(rsdp + rsdp_xsdt) : read<std::uint32_t>(rsdp + rsdp_rsdt);
    const unsigned entry_size = extended ? 8 : 4;
    const Address end = list + read<std::uint32_t>(list + table_length);
    for (Address entry = list + table_body; entry + entry_size <= end; entry += entry_size) {
        const Address table = extended ? read<std::uint64_t>(entry) : read<std::uint32_t>(entry);
        if (table < identity_mapped_end && has_signature(table, "FACP")) return table;
    }
    return 0;
}

// \_S5_ is Name(_S5_, Package() {SLP_TYPa, …}): the AML bytes are the name, PackageOp, length,
// number of elements, and the first element, a byte constant with or without its prefix.
constexpr std::uint8_t aml_package = 0x12, aml_byte_prefix = 0x0a;

std::uint16_t s5_sleep_type(Address dsdt) {
    const Address end = dsdt + read<std::uint32_t>(dsdt + table_length);
    for (Address at = dsdt + table_body; at + 8 < end; at++) {
        if (!has_signature(at, "_S5_") || read<std::uint8_t>(at + 4) != aml_package) continue;
        const unsigned extra_length_bytes = read<std::uint8_t>(at + 5) >> 6;
        Address element = at + 7 + extra_length_bytes;
        if (read<std::uint8_t>(element) == aml_byte_prefix) element++;
        return read<std::uint8_t>(element);
    }
    return 0;
}

// 5.2.3.2: address space 0 is memory, 1 is I/O ports. The registers used here are one byte wide.
void write_generic(Address generic, std::uint8_t value) {
    const Address address = read<std::uint64_t>(generic + generic_address);
    if (!address) return;
    if (read<std::uint8_t>(generic + generic_space) == 1)
        Io::out<std::uint8_t>(static_cast<Port>(address), value);
    else if (address < identity_mapped_end)
        *reinterpret_cast<volatile std::uint8_t*>(address) = value;
}

}

void acpi_power_off(Address root) {
    const Address fadt = find_fadt(root);
    if (!fadt) return;
    const std::uint16_t sleep_type = s5_sleep_type(read<std::uint32_t>(fadt + fadt_dsdt));

    // 4.8.3.2.1: SLP_TYPx is bits 10 to 12, SLP_EN bit 13. 4.8.3.7: bits 2 to 4, bit 5.
    if (const auto port = read<std::uint32_t>(fadt + fadt_pm1a_control))
        Io::out<std::uint16_t>(static_cast<Port>(port),
                               static_cast<std::uint16_t>(sleep_type << 10 | 1 << 13));
    if (read<std::uint32_t>(fadt + table_length) >= fadt_end)
        write_generic(fadt + fadt_sleep_control, static_cast<std::uint8_t>(sleep_type << 2 | 1 << 5));
}

void acpi_reset(Address root) {
    if (const Address fadt = find_fadt(root))
        write_generic(fadt + fadt_reset, read<std::uint8_t>(fadt + fadt_reset_value));
}

}
