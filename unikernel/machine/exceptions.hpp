// Exceptions that the guest causes on purpose: counted, then execution resumes.
#pragma once

#include <array>
#include <cstdint>

namespace machine {

struct InterruptFrame;

/// SDM vol. 3, Protected-Mode Exceptions and Interrupts.
enum class Exception : std::uint8_t {
    // clang-format off
    divide_error        = 0,
    debug               = 1,
    nmi                 = 2,
    breakpoint          = 3,
    invalid_opcode      = 6,
    device_unavailable  = 7,
    general_protection  = 13,
    page_fault          = 14,
    alignment_check     = 17,
    // clang-format on
};
inline constexpr unsigned exception_vectors = 32;

/// Text of an asm statement: `instruction`, after which execution resumes if it faults.
/// The fixup is in the group of the code, so that the linker keeps or drops both.
#define MAY_FAULT(instruction)                                                                               \
    "661: " instruction                                                                                      \
    "\n662:\n.pushsection fixups, \"a?\"\n.balign 4\n.long 661b - ., 662b - .\n.popsection\n"

/// How many exceptions of each vector were resumed from, on all vCPUs.
using ExceptionCounts = std::array<std::uint32_t, exception_vectors>;

/// The counts since forget_exceptions().
ExceptionCounts resumed_exceptions();
void forget_exceptions();

/// Does a firing on this vCPU raise this exception? Resets the counts.
inline bool raises(Exception exception, void (*fire)()) {
    forget_exceptions();
    fire();
    return resumed_exceptions()[static_cast<unsigned>(exception)] != 0;
}

/// From now on, execution resumes after any exception of this vector: for traps, whose frame points behind
/// the instruction. A #DB ends single-stepping.
void expect_trap(Exception exception);
void expect_no_traps();

/// Resumes after an exception that MAY_FAULT or expect_trap() allows.
/// \return whether it was one, which is then counted
bool resume_after(InterruptFrame& frame);

}
