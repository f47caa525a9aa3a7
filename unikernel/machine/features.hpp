// What CPUID says this vCPU can do.
#pragma once

#include "machine/cpuid.hpp"

#include <cstdint>
#include <string_view>

namespace machine {

/// A bit of CPUID.
struct Feature {
    using Register = std::uint32_t CpuidRegisters::*;

    std::uint32_t leaf, subleaf;
    Register reg;
    unsigned bit;
    std::string_view lacking{}; ///< what to say of a vCPU without it
};

// SDM vol. 2, CPUID; APM vol. 3, Obtaining Processor Information Via the CPUID Instruction;
// linux/Documentation/virt/kvm/x86/cpuid.rst.
namespace feature {
// clang-format off
inline constexpr auto eax = &CpuidRegisters::eax, ebx = &CpuidRegisters::ebx, ecx = &CpuidRegisters::ecx,
                      edx = &CpuidRegisters::edx;

inline constexpr Feature mtrr        {0x00000001, 0, edx, 12, "this vCPU has no MTRRs"};
inline constexpr Feature monitor     {0x00000001, 0, ecx,  3};
inline constexpr Feature vmx         {0x00000001, 0, ecx,  5};
inline constexpr Feature x2apic      {0x00000001, 0, ecx, 21, "this vCPU has no x2APIC"};
inline constexpr Feature tsc_deadline{0x00000001, 0, ecx, 24, "this vCPU's timer has no TSC-deadline mode"};
inline constexpr Feature xsave       {0x00000001, 0, ecx, 26, "this vCPU has no XSAVE and so no XSETBV"};
inline constexpr Feature rdrand      {0x00000001, 0, ecx, 30, "this vCPU has no RDRAND"};
inline constexpr Feature hypervisor  {0x00000001, 0, ecx, 31};
inline constexpr Feature tsc_adjust  {0x00000007, 0, ebx,  1, "this vCPU has no IA32_TSC_ADJUST"};
inline constexpr Feature sgx         {0x00000007, 0, ebx,  2};
inline constexpr Feature smep        {0x00000007, 0, ebx,  7, "this vCPU has no SMEP"};
inline constexpr Feature invpcid     {0x00000007, 0, ebx, 10, "this vCPU has no INVPCID"};
inline constexpr Feature rdseed      {0x00000007, 0, ebx, 18, "this vCPU has no RDSEED"};
inline constexpr Feature umip        {0x00000007, 0, ecx,  2, "this vCPU has no UMIP"};
inline constexpr Feature waitpkg     {0x00000007, 0, ecx,  5, "this vCPU has no WAITPKG: UMWAIT, TPAUSE"};
inline constexpr Feature rdpid       {0x00000007, 0, ecx, 22, "this vCPU has no RDPID"};
inline constexpr Feature spec_ctrl   {0x00000007, 0, edx, 26}; // Intel: IBRS and IBPB
inline constexpr Feature xsaves      {0x0000000d, 1, eax,  3, "this vCPU has no XSAVES"};
inline constexpr Feature kvm_clock   {0x40000001, 0, eax,  3, "this VM has no KVM clock"}; // CLOCKSOURCE2
inline constexpr Feature svm         {0x80000001, 0, ecx,  2};
inline constexpr Feature rdtscp      {0x80000001, 0, edx, 27, "this vCPU has no RDTSCP"};
inline constexpr Feature amd_ibpb    {0x80000008, 0, ebx, 12};
// clang-format on
}

/// Does this vCPU have it?
inline bool has(const Feature& feature) {
    // The highest leaf of each range is in EAX of its first.
    const auto first = feature.leaf & 0xf0000000;
    return cpuid(first).eax >= feature.leaf &&
           (cpuid(feature.leaf, feature.subleaf).*feature.reg >> feature.bit & 1);
}

/// What to say of a vCPU without that feature; empty if it has it.
template <const Feature& feature> std::string_view lacks() {
    return has(feature) ? std::string_view() : feature.lacking;
}

}
