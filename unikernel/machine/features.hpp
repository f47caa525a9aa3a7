// What CPUID says this vCPU can do, as far as triggers ask.
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
};

// SDM vol. 2, CPUID; APM vol. 3, appendix E; linux/Documentation/virt/kvm/x86/cpuid.rst.
namespace feature {
// clang-format off
inline constexpr Feature mtrr        {0x00000001, 0, &CpuidRegisters::edx, 12};
inline constexpr Feature monitor     {0x00000001, 0, &CpuidRegisters::ecx,  3};
inline constexpr Feature vmx         {0x00000001, 0, &CpuidRegisters::ecx,  5};
inline constexpr Feature x2apic      {0x00000001, 0, &CpuidRegisters::ecx, 21};
inline constexpr Feature tsc_deadline{0x00000001, 0, &CpuidRegisters::ecx, 24};
inline constexpr Feature xsave       {0x00000001, 0, &CpuidRegisters::ecx, 26};
inline constexpr Feature rdrand      {0x00000001, 0, &CpuidRegisters::ecx, 30};
inline constexpr Feature tsc_adjust  {0x00000007, 0, &CpuidRegisters::ebx,  1};
inline constexpr Feature sgx         {0x00000007, 0, &CpuidRegisters::ebx,  2};
inline constexpr Feature smep        {0x00000007, 0, &CpuidRegisters::ebx,  7};
inline constexpr Feature invpcid     {0x00000007, 0, &CpuidRegisters::ebx, 10};
inline constexpr Feature rdseed      {0x00000007, 0, &CpuidRegisters::ebx, 18};
inline constexpr Feature umip        {0x00000007, 0, &CpuidRegisters::ecx,  2};
inline constexpr Feature waitpkg     {0x00000007, 0, &CpuidRegisters::ecx,  5};
inline constexpr Feature rdpid       {0x00000007, 0, &CpuidRegisters::ecx, 22};
inline constexpr Feature spec_ctrl   {0x00000007, 0, &CpuidRegisters::edx, 26}; // Intel: IBRS and IBPB
inline constexpr Feature xsaves      {0x0000000d, 1, &CpuidRegisters::eax,  3};
inline constexpr Feature kvm_clock   {0x40000001, 0, &CpuidRegisters::eax,  3}; // KVM_FEATURE_CLOCKSOURCE2
inline constexpr Feature svm         {0x80000001, 0, &CpuidRegisters::ecx,  2};
inline constexpr Feature rdtscp      {0x80000001, 0, &CpuidRegisters::edx, 27};
inline constexpr Feature amd_ibpb    {0x80000008, 0, &CpuidRegisters::ebx, 12};
// clang-format on
}

/// Does this vCPU have it?
inline bool has(const Feature& feature)
{
    // The highest leaf of each range is in EAX of its first.
    const auto first = feature.leaf & 0xf0000000;
    return cpuid(first).eax >= feature.leaf &&
           (cpuid(feature.leaf, feature.subleaf).*feature.reg >> feature.bit & 1);
}

/// What to say of a vCPU without that feature; empty if it has it.
inline std::string_view lacks(const Feature& feature, std::string_view message)
{
    return has(feature) ? std::string_view() : message;
}

}
