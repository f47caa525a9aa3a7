// Per-processor data, reached through the GS base.
#pragma once

#include <cstdint>

namespace machine {

inline constexpr unsigned max_processors = 64;

enum class ApicMode : std::uint8_t { xapic, x2apic };

struct Cpu {
    Cpu* self;      ///< first, so that GS:0 leads here
    unsigned index; ///< 0: the boot processor; the others in the order of their arrival
    std::uint32_t apic_id;
    ApicMode apic_mode;
    volatile bool woken;             ///< set by Vector::wake
    volatile std::uint32_t arrivals; ///< how often Vector::timer and Vector::counted arrived
    volatile bool due;               ///< set by the sender of Vector::counted, cleared when it arrives
    volatile std::uint32_t rounds;   ///< how many jobs of run_on_all() it has finished
    volatile std::uint32_t steps;    ///< grows with the progress of a long job
    volatile bool wants_nmi_in_nmi;  ///< the handler of the next NMI sends another one, once
};

/// The processor that runs this. One instruction, and no exit. Not between two SWAPGS.
inline Cpu& this_cpu() {
    Cpu* cpu;
    asm volatile("movq %%gs:0, %0" : "=r"(cpu));
    return *cpu;
}

/// Reports progress to processors that wait for this one.
inline void note_step() {
    auto& cpu = this_cpu();
    cpu.steps = cpu.steps + 1;
}

/// Makes this_cpu() usable on the processor that runs this.
/// \param index below max_processors, one for each processor
void set_up_this_cpu(unsigned index);

}
