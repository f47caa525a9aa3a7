// Leaving what fails by a jump back to where it was attempted.
#include "machine/attempt.hpp"

#include "machine/control_registers.hpp"
#include "machine/debug_registers.hpp"
#include "machine/exceptions.hpp"
#include "machine/interrupts.hpp"
#include "machine/msr.hpp"
#include "machine/this_cpu.hpp"

#include <array>

namespace machine {
namespace {

// GCC's nonlocal gotos: its own and the caller's registers fit into five words.
constinit std::array<void*, 5> place{};
constinit bool attempting = false;

}

bool attempt(void (*work)(void* context), void* context) {
    if (__builtin_setjmp(place.data()) != 0) { // abandoned
        attempting = false;
        return false;
    }
    attempting = true;
    work(context);
    attempting = false;
    return true;
}

// From a handler no IRET follows: interrupts stay disabled, and the next IRET ends blocking by NMI.
void abandon_attempt() {
    if (attempting) __builtin_longjmp(place.data(), 1);
}

ProcessorState::ProcessorState()
    : cr0_(read_cr<Cr::cr0>()), cr3_(read_cr<Cr::cr3>()), cr4_(read_cr<Cr::cr4>()),
      gs_base_(read_msr(Msr::ia32_gs_base)), stack_segment_(read_stack_segment()), gdt_(store_gdt()) {}

void ProcessorState::restore() const {
    disable_interrupts();
    load_gdt(gdt_);
    // An exception at CPL 3 leaves null selectors, and no base.
    asm volatile("mov %0, %%ss; mov %0, %%ds; mov %0, %%es"
                 :
                 : "r"(std::uint32_t{stack_segment_})
                 : "memory");
    write_msr(Msr::ia32_gs_base, gs_base_);
    load_interrupts();
    write_cr<Cr::cr0>(cr0_);
    write_cr<Cr::cr3>(cr3_);
    write_cr<Cr::cr4>(cr4_);
    write_cr<Cr::cr8>(0);
    write_dr<Dr::dr7>(dr7_none);
    expect_no_traps();
    this_cpu().due = false;
    this_cpu().wants_nmi_in_nmi = false;
}

}
