// Entering CPL 3 and returning.
#include "machine/user_mode.hpp"

#include "machine/address.hpp"
#include "machine/control_registers.hpp"
#include "machine/descriptor_tables.hpp"
#include "machine/interrupts.hpp"

#include <algorithm>
#include <array>

extern "C" const char user_code_start[], user_read_misaligned[], user_query[], user_mode_left[];
extern "C" void enter_user_mode(const void* function, void* task_state);

namespace machine {
namespace {

// The boot's descriptors, data and code of CPL 3, marked as accessed, and the task state segment.
// user_mode.S knows the selectors.
constexpr std::size_t boot_descriptors = 4;
constexpr std::uint64_t user_data = 0x00cf'f300'0000'ffff, user_code = 0x0020'fb00'0000'0000;
constexpr std::uint16_t tss_selector = 8 * (boot_descriptors + 2);

// SDM vol. 3, 64-Bit TSS Format. Only RSP0 is used.
constinit std::array<std::uint64_t, 13> task_state{};
constinit std::array<std::uint64_t, boot_descriptors + 4> table{};
constinit TableRegister saved_gdt{};

constexpr std::uint64_t page_user = 1 << 2;

// Sets whether CPL 3 may access the 2 MiB around this address: a bit on each level (SDM vol. 3, Determination
// of Access Rights).
void allow_user_access(const void* address, bool may) {
    const auto linear = address_of(address);
    auto* entries = reinterpret_cast<std::uint64_t*>(read_cr<Cr::cr3>());
    for (const auto shift : {39u, 30u, 21u}) {
        auto& entry = entries[linear >> shift & 511];
        entry = may ? entry | page_user : entry & ~page_user;
        entries = reinterpret_cast<std::uint64_t*>(entry & ~std::uint64_t{0xfff});
    }
    write_cr<Cr::cr3>(read_cr<Cr::cr3>()); // flushes the TLB
}

}

void set_up_user_mode() {
    saved_gdt = store_gdt();
    std::copy_n(reinterpret_cast<const std::uint64_t*>(saved_gdt.base), boot_descriptors, table.begin());
    const auto tss = describe_task_state(task_state.data());
    table[boot_descriptors] = user_data;
    table[boot_descriptors + 1] = user_code;
    table[boot_descriptors + 2] = tss[0];
    table[boot_descriptors + 3] = tss[1];
    load_gdt({sizeof(table) - 1, address_of(table.data())});
    asm volatile("ltr %0" : : "r"(tss_selector) : "memory");
    allow_user_access(user_code_start, true);
    set_user_gate(Vector::user_mode_left, user_mode_left);
}

void tear_down_user_mode() {
    allow_user_access(user_code_start, false);
    load_gdt(saved_gdt);
}

void read_misaligned_in_user_mode() { enter_user_mode(user_read_misaligned, task_state.data()); }

void query_in_user_mode() { enter_user_mode(user_query, task_state.data()); }

}
