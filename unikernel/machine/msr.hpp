// Model-specific registers.
#pragma once

#include "machine/exceptions.hpp"

#include <cstdint>
#include <optional>

namespace machine {

/// By the manual's names (SDM vol. 4; APM vol. 2, MSR Cross-Reference;
/// linux/Documentation/virt/kvm/x86/msr.rst), with what CPUID or another MSR must say of each.
enum class Msr : std::uint32_t {
    // clang-format off
    ia32_time_stamp_counter      = 0x00000010, // CPUID.1:EDX.TSC
    ia32_apic_base               = 0x0000001b, // CPUID.1:EDX.APIC
    ia32_feature_control         = 0x0000003a, // CPUID.1:ECX.VMX
    ia32_tsc_adjust              = 0x0000003b, // CPUID.7:EBX.TSC_ADJUST
    ia32_pred_cmd                = 0x00000049, // CPUID.7:EDX.SPEC_CTRL or CPUID.80000008:EBX.IBPB
    msr_platform_info            = 0x000000ce, // many of Intel's models; KVM offers it on AMD too
    misc_feature_enables         = 0x00000140, // MSR_PLATFORM_INFO, bit 31
    ia32_sysenter_cs             = 0x00000174, // CPUID.1:EDX.SEP
    ia32_sysenter_esp            = 0x00000175, // CPUID.1:EDX.SEP
    ia32_sysenter_eip            = 0x00000176, // CPUID.1:EDX.SEP
    ia32_misc_enable             = 0x000001a0, // Intel; KVM offers it on AMD too
    ia32_pat                     = 0x00000277, // CPUID.1:EDX.PAT
    ia32_mtrr_def_type           = 0x000002ff, // CPUID.1:EDX.MTRR
    ia32_vmx_basic               = 0x00000480, // CPUID.1:ECX.VMX
    ia32_vmx_true_pinbased_ctls  = 0x0000048d, // IA32_VMX_BASIC, bit 55
    ia32_vmx_true_procbased_ctls = 0x0000048e, // IA32_VMX_BASIC, bit 55
    ia32_vmx_true_exit_ctls      = 0x0000048f, // IA32_VMX_BASIC, bit 55
    ia32_vmx_true_entry_ctls     = 0x00000490, // IA32_VMX_BASIC, bit 55
    ia32_tsc_deadline            = 0x000006e0, // CPUID.1:ECX.TSC_DEADLINE; ignored in other timer modes
    msr_kvm_system_time_new      = 0x4b564d01, // CPUID.40000001:EAX.CLOCKSOURCE2
    ia32_efer                    = 0xc0000080, // long mode
    ia32_lstar                   = 0xc0000082, // long mode
    ia32_fs_base                 = 0xc0000100, // long mode
    ia32_gs_base                 = 0xc0000101, // long mode
    ia32_kernel_gs_base          = 0xc0000102, // long mode
    ia32_tsc_aux                 = 0xc0000103, // CPUID.80000001:EDX.RDTSCP
    vm_hsave_pa                  = 0xc0010117, // CPUID.80000001:ECX.SVM
    undefined                    = 0xdeadbeef, // in no processor, and outside both vendors' MSR bitmaps
    // clang-format on
};

inline std::uint64_t read_msr(Msr msr) {
    std::uint32_t low, high;
    asm volatile("rdmsr" : "=a"(low), "=d"(high) : "c"(msr));
    return std::uint64_t{high} << 32 | low;
}

inline void write_msr(Msr msr, std::uint64_t value) {
    asm volatile("wrmsr" : : "c"(msr), "a"(value), "d"(value >> 32) : "memory");
}

/// RDMSR that may raise #GP. \return the value; nothing after #GP
inline std::optional<std::uint64_t> try_read_msr(Msr msr) {
    std::uint32_t low, high;
    bool done = false;
    asm volatile(MAY_FAULT("rdmsr; movb $1, %0") : "+q"(done), "=a"(low), "=d"(high) : "c"(msr));
    return done ? std::optional(std::uint64_t{high} << 32 | low) : std::nullopt;
}

/// WRMSR that may raise #GP.
inline void try_write_msr(Msr msr, std::uint64_t value) {
    asm volatile(MAY_FAULT("wrmsr") : : "c"(msr), "a"(value), "d"(value >> 32) : "memory");
}

}
