// A task state segment for LTR that no task uses.
#include "machine/descriptor_tables.hpp"

#include "machine/address.hpp"

#include <array>

namespace machine {
namespace {

// SDM vol. 3, TSS Descriptor in 64-bit Mode: available, present, limit 0x67.
constexpr std::uint64_t available_tss = 0x0000'8900'0000'0067;
constexpr std::uint16_t tss_selector = 8;

constinit std::array<std::uint64_t, 13> task_state{};
constinit std::array<std::uint64_t, 3> table{};

}

std::array<std::uint64_t, 2> describe_task_state(const void* task_state) {
    const auto base = address_of(task_state);
    return {available_tss | (base & 0xffffff) << 16 | (base >> 24 & 0xff) << 56, base >> 32};
}

void load_task_register() {
    const auto tss = describe_task_state(task_state.data());
    table = {0, tss[0], tss[1]};
    const auto usual = store_gdt();
    load_gdt({sizeof(table) - 1, address_of(table.data())});
    asm volatile("ltr %0" : : "r"(tss_selector) : "memory");
    load_gdt(usual);
}

}
