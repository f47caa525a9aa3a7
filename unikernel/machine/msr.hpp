// Model-specific registers.
#pragma once

#include <cstdint>

namespace machine {

enum class Msr : std::uint32_t {
    apic_base      = 0x0000001b, // CPUID.1:EDX.APIC
    misc_enable    = 0x000001a0, // Intel; KVM offers it on AMD too
    tsc_deadline   = 0x000006e0, // CPUID.1:ECX.TSC_DEADLINE; KVM ignores writes in the timer's other modes
    gs_base        = 0xc0000101, // long mode
    kernel_gs_base = 0xc0000102, // long mode
};

inline std::uint64_t read_msr(Msr msr)
{
    std::uint32_t low, high;
    asm volatile("rdmsr" : "=a"(low), "=d"(high) : "c"(msr));
    return std::uint64_t{high} << 32 | low;
}

inline void write_msr(Msr msr, std::uint64_t value)
{
    asm volatile("wrmsr" : : "c"(msr), "a"(static_cast<std::uint32_t>(value)), "d"(static_cast<std::uint32_t>(value >> 32)) : "memory");
}

}
