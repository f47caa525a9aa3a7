// Interrupts and exceptions: the descriptor table and who handles what.
#pragma once

#include <cstdint>

namespace machine {

/// What an entry stub leaves on the stack; see interrupt_entry.S.
struct InterruptFrame {
    std::uint64_t r15, r14, r13, r12, r11, r10, r9, r8, rdi, rsi, rbp, rbx, rdx, rcx, rax;
    std::uint64_t vector, error_code;
    std::uint64_t rip, cs, rflags, rsp, ss;
};

enum class Vector : std::uint8_t {
    nmi = 2,
    timer = 0x40,
    wake = 0x41,           // ends a processor's rest
    counted = 0x42,        // is only counted
    user_mode_left = 0x43, // from CPL 3
    spurious = 0xff,
};

/// Called for everything that nobody expects. It must not return.
using UnexpectedHandler = void (*)(const InterruptFrame&);

/// Fills and loads the interrupt descriptor table and masks the legacy
/// interrupt controllers. Interrupts stay disabled.
void set_up_interrupts(UnexpectedHandler unexpected);

/// Says that the host's processor forgets the interrupt shadow of STI when the vCPU exits in it:
/// from now on a HLT that its interrupt came before is begun anew.
void expect_forgotten_shadow();

/// Has software at CPL 3 reach this place by INT with that vector.
void let_users_call(Vector vector, const void* place);

/// Has this processor use the table that the boot processor has filled.
void load_interrupts();

inline void enable_interrupts() { asm volatile("sti" : : : "memory"); }

inline void disable_interrupts() { asm volatile("cli" : : : "memory"); }

/// Lets the interrupts in that are pending: they come before the CLI. STI takes effect
/// after the next instruction.
inline void let_interrupts_in() { asm volatile("sti; nop; cli" : : : "memory"); }

/// Waits for one interrupt. STI takes effect after the next instruction, so none
/// slips in before HLT. Interrupts are disabled again on return.
inline void halt_until_interrupt() { asm volatile("sti; hlt; cli" : : : "memory"); }

}
