// The registers that locate descriptor tables and the task state segment.
#pragma once

#include <array>
#include <cstdint>

namespace machine {

struct [[gnu::packed]] TableRegister {
    std::uint16_t limit;
    std::uint64_t base;
};

inline TableRegister store_gdt() {
    TableRegister value;
    asm volatile("sgdt %0" : "=m"(value));
    return value;
}

inline void load_gdt(const TableRegister& value) { asm volatile("lgdt %0" : : "m"(value) : "memory"); }

inline TableRegister store_idt() {
    TableRegister value;
    asm volatile("sidt %0" : "=m"(value));
    return value;
}

inline void load_idt(const TableRegister& value) { asm volatile("lidt %0" : : "m"(value) : "memory"); }

inline std::uint16_t read_code_segment() {
    std::uint16_t selector;
    asm("mov %%cs, %0" : "=r"(selector));
    return selector;
}

inline std::uint16_t read_stack_segment() {
    std::uint16_t selector;
    asm("mov %%ss, %0" : "=r"(selector));
    return selector;
}

/// Memory operands, which KVM's emulator decodes.
inline std::uint16_t store_ldt() {
    std::uint16_t selector;
    asm volatile("sldt %0" : "=m"(selector));
    return selector;
}

inline void load_ldt(std::uint16_t selector) { asm volatile("lldt %0" : : "m"(selector) : "memory"); }

inline std::uint16_t store_task_register() {
    std::uint16_t selector;
    asm volatile("str %0" : "=m"(selector));
    return selector;
}

/// The two halves of the descriptor of a 64-bit task state segment that is not in use.
std::array<std::uint64_t, 2> describe_task_state(const void* task_state);

/// Loads the task register with a 64-bit task state segment that is only for this. On one vCPU at a time: LTR
/// marks the descriptor as busy.
void load_task_register();

}
