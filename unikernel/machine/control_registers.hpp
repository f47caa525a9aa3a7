// Control registers, and the machine status word, which is the low part of CR0.
#pragma once

#include <cstdint>

namespace machine {

/// SDM vol. 3, Control Registers.
enum class Cr : unsigned { cr0 = 0, cr2 = 2, cr3 = 3, cr4 = 4, cr8 = 8 };

enum class Cr0 : std::uint64_t {
    emulation = 1u << 2,
    task_switched = 1u << 3,
    numeric_error = 1u << 5,
    write_protect = 1u << 16,
    alignment_mask = 1u << 18,
    cache_disable = 1u << 30,
};

enum class Cr4 : std::uint64_t {
    machine_check = 1u << 6, // CPUID.1:EDX.MCE
    page_global = 1u << 7,   // CPUID.1:EDX.PGE
    umip = 1u << 11,         // CPUID.7:ECX.UMIP
    vmx_enable = 1u << 13,   // CPUID.1:ECX.VMX
    osxsave = 1u << 18,      // CPUID.1:ECX.XSAVE
    smep = 1u << 20,         // CPUID.7:EBX.SMEP
};

template <Cr cr> std::uint64_t read_cr() {
    std::uint64_t value;
    asm volatile("mov %%cr%c1, %0" : "=r"(value) : "i"(cr) : "memory");
    return value;
}

template <Cr cr> void write_cr(std::uint64_t value) {
    asm volatile("mov %0, %%cr%c1" : : "r"(value), "i"(cr) : "memory");
}

/// Changes one bit of CR0 or CR4: one read, one write.
inline void set(Cr0 bit) { write_cr<Cr::cr0>(read_cr<Cr::cr0>() | static_cast<std::uint64_t>(bit)); }
inline void clear(Cr0 bit) { write_cr<Cr::cr0>(read_cr<Cr::cr0>() & ~static_cast<std::uint64_t>(bit)); }
inline void set(Cr4 bit) { write_cr<Cr::cr4>(read_cr<Cr::cr4>() | static_cast<std::uint64_t>(bit)); }
inline void clear(Cr4 bit) { write_cr<Cr::cr4>(read_cr<Cr::cr4>() & ~static_cast<std::uint64_t>(bit)); }

/// Changes one bit of CR0 or CR4 and changes it back: one read, two writes.
inline void toggle(Cr0 bit) {
    const auto value = read_cr<Cr::cr0>();
    write_cr<Cr::cr0>(value ^ static_cast<std::uint64_t>(bit));
    write_cr<Cr::cr0>(value);
}
inline void toggle(Cr4 bit) {
    const auto value = read_cr<Cr::cr4>();
    write_cr<Cr::cr4>(value ^ static_cast<std::uint64_t>(bit));
    write_cr<Cr::cr4>(value);
}

/// CR0's low 16 bits: SMSW and LMSW, which changes no bits but PE, MP, EM and TS.
inline std::uint16_t store_machine_status() {
    std::uint16_t value;
    asm volatile("smsw %0" : "=r"(value) : : "memory");
    return value;
}
inline void load_machine_status(std::uint16_t value) { asm volatile("lmsw %0" : : "r"(value) : "memory"); }

inline void clear_task_switched() { asm volatile("clts" : : : "memory"); }

}
