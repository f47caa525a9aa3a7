// What each processor knows of itself, reached through its GS base.
#pragma once

#include <cstdint>

namespace machine {

inline constexpr unsigned max_processors = 64;

enum class ApicMode : std::uint8_t { xapic, x2apic };

struct Cpu {
    Cpu* self;      ///< first, so that GS:0 leads here
    unsigned index; ///< 0: the boot processor; the others in the order in which they came
    ApicMode apic_mode;
    volatile bool woken; ///< set by Vector::wake
};

/// The processor that runs this. One instruction, and no exit. Not between two SWAPGS.
inline Cpu& this_cpu()
{
    Cpu* cpu;
    asm volatile("movq %%gs:0, %0" : "=r"(cpu));
    return *cpu;
}

/// Makes this_cpu() work on the processor that runs this.
/// \param index below max_processors, one for each processor
void set_up_this_cpu(unsigned index);

}
