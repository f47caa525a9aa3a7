// Model-specific registers.
#pragma once

#include "machine/exceptions.hpp"

#include <cstdint>

namespace machine {

enum class Msr : std::uint32_t {
    // clang-format off
    tsc             = 0x00000010, // CPUID.1:EDX.TSC
    apic_base       = 0x0000001b, // CPUID.1:EDX.APIC
    feature_control = 0x0000003a, // CPUID.1:ECX.VMX
    tsc_adjust      = 0x0000003b, // CPUID.7:EBX.TSC_ADJUST
    pred_cmd        = 0x00000049, // CPUID.7:EDX.SPEC_CTRL, or 80000008:EBX.IBPB
    platform_info   = 0x000000ce, // many of Intel's; KVM offers it on AMD too
    misc_features   = 0x00000140, // MISC_FEATURES_ENABLES: where platform_info says so
    sysenter_cs     = 0x00000174, // CPUID.1:EDX.SEP
    sysenter_esp    = 0x00000175,
    sysenter_eip    = 0x00000176,
    misc_enable     = 0x000001a0, // Intel; KVM offers it on AMD too
    pat             = 0x00000277, // CPUID.1:EDX.PAT
    mtrr_def_type   = 0x000002ff, // CPUID.1:EDX.MTRR
    vmx_basic       = 0x00000480, // CPUID.1:ECX.VMX; the others if bit 55 of this one is set
    vmx_true_pinbased_ctls  = 0x0000048d,
    vmx_true_procbased_ctls = 0x0000048e,
    vmx_true_exit_ctls      = 0x0000048f,
    vmx_true_entry_ctls     = 0x00000490,
    tsc_deadline    = 0x000006e0, // CPUID.1:ECX.TSC_DEADLINE; KVM ignores writes in the timer's other modes
    kvm_system_time = 0x4b564d01, // CPUID.40000001:EAX.CLOCKSOURCE2
    efer            = 0xc0000080, // long mode
    lstar           = 0xc0000082, // long mode
    fs_base         = 0xc0000100, // long mode
    gs_base         = 0xc0000101, // long mode
    kernel_gs_base  = 0xc0000102, // long mode
    tsc_aux         = 0xc0000103, // CPUID.80000001:EDX.RDTSCP
    vm_hsave_pa     = 0xc0010117, // CPUID.80000001:ECX.SVM
    undefined       = 0xdeadbeef, // no processor's, and beyond the MSR bitmaps of both vendors
    // clang-format on
};

inline std::uint64_t read_msr(Msr msr)
{
    std::uint32_t low, high;
    asm volatile("rdmsr" : "=a"(low), "=d"(high) : "c"(msr));
    return std::uint64_t{high} << 32 | low;
}

inline void write_msr(Msr msr, std::uint64_t value)
{
    asm volatile("wrmsr"
                 :
                 : "c"(msr), "a"(static_cast<std::uint32_t>(value)),
                   "d"(static_cast<std::uint32_t>(value >> 32))
                 : "memory");
}

/// RDMSR that may raise #GP; 0 if it does.
inline std::uint64_t read_msr_or_zero(Msr msr)
{
    std::uint32_t low = 0, high = 0;
    asm volatile(MAY_FAULT("rdmsr") : "+a"(low), "+d"(high) : "c"(msr));
    return std::uint64_t{high} << 32 | low;
}

/// RDMSR, of which only its exits matter; it may raise #GP.
inline void try_read_msr(Msr msr) { asm volatile(MAY_FAULT("rdmsr") : : "c"(msr) : "rax", "rdx"); }

/// WRMSR that may raise #GP.
inline void try_write_msr(Msr msr, std::uint64_t value)
{
    asm volatile(MAY_FAULT("wrmsr")
                 :
                 : "c"(msr), "a"(static_cast<std::uint32_t>(value)),
                   "d"(static_cast<std::uint32_t>(value >> 32))
                 : "memory");
}

}
