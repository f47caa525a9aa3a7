// What each processor knows of itself, reached through its GS base.
#pragma once

#include <cstdint>

namespace machine {

inline constexpr unsigned max_processors = 64;

enum class ApicMode : std::uint8_t { xapic, x2apic };

struct Cpu {
    Cpu* self;      ///< first, so that GS:0 leads here
    unsigned index; ///< 0: the boot processor; the others in the order in which they came
    std::uint32_t apic_id;
    ApicMode apic_mode;
    volatile bool woken;             ///< set by Vector::wake
    volatile std::uint32_t arrivals; ///< how often Vector::timer and Vector::counted came
    volatile bool due;               ///< set by who sends Vector::counted, cleared when it comes
    volatile std::uint32_t rounds;   ///< how many jobs of all processors it has done
    volatile std::uint32_t steps;    ///< grows with what it does of a long one
    volatile bool wants_nmi_in_nmi;  ///< the next NMI's handler sends itself another, once
};

/// The processor that runs this. One instruction, and no exit. Not between two SWAPGS.
inline Cpu& this_cpu()
{
    Cpu* cpu;
    asm volatile("movq %%gs:0, %0" : "=r"(cpu));
    return *cpu;
}

/// Says that this processor gets on, to those that wait for it.
inline void note_step()
{
    auto& cpu = this_cpu();
    cpu.steps = cpu.steps + 1;
}

/// Makes this_cpu() work on the processor that runs this.
/// \param index below max_processors, one for each processor
void set_up_this_cpu(unsigned index);

}
