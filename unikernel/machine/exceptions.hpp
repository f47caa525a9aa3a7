// Exceptions that the guest causes on purpose: resumed after, and counted.
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
    overflow            = 4,
    bound_range         = 5,
    invalid_opcode      = 6,
    device_unavailable  = 7,
    invalid_tss         = 10,
    segment_not_present = 11,
    stack_fault         = 12,
    general_protection  = 13,
    page_fault          = 14,
    alignment_check     = 17,
    // clang-format on
};
inline constexpr unsigned exception_vectors = 32;

/// Text of an asm statement: `instruction`, after which execution goes on if it faults.
/// The fixup is in the group of the code, so that the linker keeps or drops both.
#define MAY_FAULT(instruction)                                                                               \
    "661: " instruction                                                                                      \
    "\n662:\n.pushsection fixups, \"a?\"\n.balign 4\n.long 661b - ., 662b - .\n.popsection\n"

/// How many exceptions of each vector were resumed after, on all vCPUs.
using ExceptionCounts = std::array<std::uint32_t, exception_vectors>;

/// The counts since forget_exceptions().
ExceptionCounts resumed_exceptions();
void forget_exceptions();

/// Does a firing on this vCPU raise this exception, and is resumed after it? The counts start anew.
inline bool raises(Exception exception, void (*fire)())
{
    forget_exceptions();
    fire();
    return resumed_exceptions()[static_cast<unsigned>(exception)] != 0;
}

/// From now on an exception of this vector is resumed after wherever it comes from: for
/// traps, whose frame points behind the instruction. A #DB ends single-stepping.
void expect_trap(Exception exception);
void expect_no_traps();

/// Lets execution go on after an exception that MAY_FAULT or expect_trap() speaks of.
/// \return whether it is one; if so it is counted
bool resume_after(InterruptFrame& frame);

}
