// Which hypervisor this processor shows, if any.
#pragma once

#include "machine/features.hpp"

#include <algorithm>
#include <array>

namespace machine {

/// Where a hypervisor's leaves begin. Behind one that another system's guests know, its own follow (KVM with
/// Hyper-V's enlightenments: linux/Documentation/virt/kvm/x86/cpuid.rst).
inline constexpr std::array<std::uint32_t, 2> hypervisor_leaves{0x40000000, 0x40000100};

/// One hypervisor's leaves. Without a signature there is none.
struct Hypervisor {
    std::uint32_t highest; ///< leaf
    CpuidText<3> signature;
    CpuidRegisters features; ///< of the leaf after the signature's
};

/// What begins at one of hypervisor_leaves.
inline Hypervisor hypervisor_at(std::uint32_t leaf) {
    constexpr std::uint32_t range = 0x10000;
    Hypervisor found{};
    const auto r = cpuid(leaf);
    // KVM once had 0 for its highest leaf. What lies outside are an ordinary leaf's data.
    if (!has(feature::hypervisor) || (r.eax != 0 && r.eax - leaf >= range)) return found;
    found.highest = r.eax;
    found.signature.set(0, r.ebx);
    found.signature.set(1, r.ecx);
    found.signature.set(2, r.edx);
    if (r.eax > leaf) found.features = cpuid(leaf + 1);
    return found;
}

inline bool is_kvm() {
    return std::ranges::any_of(hypervisor_leaves, [](std::uint32_t leaf) {
        return hypervisor_at(leaf).signature.view() == "KVMKVMKVM";
    });
}

/// Why an instruction that only a hypervisor makes harmless cannot be executed here; empty if it can.
inline std::string_view needs_hypervisor() {
    return has(feature::hypervisor) ? ""
                                    : "harmless only where a hypervisor intercepts it, and there is none";
}

}
