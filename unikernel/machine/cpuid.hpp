// CPUID: the instruction, and the few ordinary leaves that the guest reads.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

namespace machine {

/// What one CPUID instruction left in the four registers.
struct CpuidRegisters {
    std::uint32_t eax, ebx, ecx, edx;

    bool operator==(const CpuidRegisters&) const = default;
};

/// In EBX and EDX before CPUID: if still there afterwards, the hypervisor has not written the register.
inline constexpr std::uint32_t poison = 0x5eed0bad;

/// Executes CPUID.
inline CpuidRegisters cpuid(std::uint32_t leaf, std::uint32_t subleaf = 0) {
    CpuidRegisters r{leaf, poison, subleaf, poison};
    asm volatile("cpuid" : "+a"(r.eax), "+b"(r.ebx), "+c"(r.ecx), "+d"(r.edx) : : "memory");
    return r;
}

/// Text that CPUID returns in registers, four characters each.
template <std::size_t Registers> class CpuidText {
public:
    void set(std::size_t index, std::uint32_t value) {
        for (std::size_t i = 0; i < 4; i++) text_[4 * index + i] = static_cast<char>(value >> (8 * i));
    }

    std::string_view view() const {
        const std::string_view all(text_.data(), text_.size());
        return all.substr(0, all.find('\0'));
    }
private:
    std::array<char, 4 * Registers> text_{};
};

/// The vendor string, leaf 0: "GenuineIntel", "AuthenticAMD", …
inline CpuidText<3> vendor() {
    const auto r = cpuid(0);
    CpuidText<3> text;
    text.set(0, r.ebx);
    text.set(1, r.edx);
    text.set(2, r.ecx);
    return text;
}

/// The processor's brand string, leaves 0x80000002 to 4; empty where there is none.
inline CpuidText<12> brand() {
    CpuidText<12> text;
    if (cpuid(0x80000000).eax < 0x80000004) return text;
    for (std::uint32_t i = 0; i < 3; i++) {
        const auto r = cpuid(0x80000002 + i);
        text.set(4 * i, r.eax);
        text.set(4 * i + 1, r.ebx);
        text.set(4 * i + 2, r.ecx);
        text.set(4 * i + 3, r.edx);
    }
    return text;
}

}
