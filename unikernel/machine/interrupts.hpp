// Interrupts and exceptions: the descriptor table and the vectors.
#pragma once

#include <cstdint>

namespace machine {

/// What an entry stub pushes; see interrupt_entry.S.
struct InterruptFrame {
    std::uint64_t r15, r14, r13, r12, r11, r10, r9, r8, rdi, rsi, rbp, rbx, rdx, rcx, rax;
    std::uint64_t vector, error_code;
    std::uint64_t rip, cs, rflags, rsp, ss;
};

enum class Vector : std::uint8_t {
    nmi = 2,
    timer = 0x40,
    wake = 0x41,           // wakes a processor that rests
    counted = 0x42,        // is only counted
    user_mode_left = 0x43, // from CPL 3
    spurious = 0xff,
};

/// Called for unexpected vectors. Must not return.
using UnexpectedHandler = void (*)(const InterruptFrame&);

/// Fills and loads the interrupt descriptor table and masks the legacy
/// interrupt controllers. Interrupts stay disabled.
void set_up_interrupts(UnexpectedHandler unexpected);

/// For a host whose processor loses the interrupt shadow of STI at an exit: from now on,
/// halt_until_interrupt() is restarted if its interrupt arrives before the HLT.
void expect_forgotten_shadow();

/// Makes INT with this vector at CPL 3 lead to this address.
void set_user_gate(Vector vector, const void* place);

/// Loads the table, which the boot processor has filled, on this processor.
void load_interrupts();

inline void enable_interrupts() { asm volatile("sti" : : : "memory"); }

inline void disable_interrupts() { asm volatile("cli" : : : "memory"); }

/// Takes the interrupts that are pending, before the CLI. STI takes effect after the next instruction.
inline void open_interrupt_window() { asm volatile("sti; nop; cli" : : : "memory"); }

/// Waits for one interrupt. STI takes effect after the next instruction, so none is taken before HLT.
/// Interrupts are disabled again on return.
inline void halt_until_interrupt() { asm volatile("sti; hlt; cli" : : : "memory"); }

}
