// The VMCB of a nested guest that shares our address space.
#include "machine/svm.hpp"

#include "machine/address.hpp"
#include "machine/control_registers.hpp"
#include "machine/descriptor_tables.hpp"
#include "machine/msr.hpp"
#include "machine/permission_maps.hpp"

#include <cstddef>

extern "C" void svm_enter(std::uint64_t vmcb, std::uint32_t ecx, std::uint32_t ebx);

namespace machine::svm {
namespace {

struct Segment {
    std::uint16_t selector, attributes;
    std::uint32_t limit;
    std::uint64_t base;
};

// APM vol. 2, Layout of VMCB: what we set or read.
struct alignas(4096) Vmcb {
    std::uint32_t intercept_cr, intercept_dr, intercept_exceptions, intercept_instructions, intercept_svm;
    std::uint32_t reserved_014[11];
    std::uint64_t iopm_base, msrpm_base, tsc_offset;
    std::uint32_t asid, tlb_control;
    std::uint64_t virtual_interrupts, interrupt_shadow;
    std::uint64_t exit_code, exit_info[2];
    std::uint64_t reserved_088[111];
    Segment es, cs, ss, ds, fs, gs, gdtr, ldtr, idtr, tr;
    std::uint64_t reserved_4a0[6];
    std::uint64_t efer;
    std::uint64_t reserved_4d8[14];
    std::uint64_t cr4, cr3, cr0, dr7, dr6, rflags, rip;
};
static_assert(offsetof(Vmcb, iopm_base) == 0x40);
static_assert(offsetof(Vmcb, exit_code) == 0x70);
static_assert(offsetof(Vmcb, es) == 0x400);
static_assert(offsetof(Vmcb, efer) == 0x4d0);
static_assert(offsetof(Vmcb, cr4) == 0x548);
static_assert(offsetof(Vmcb, rip) == 0x578);
static_assert(sizeof(Vmcb) == 4096);

// Bits of the vectors 3 and 4 of intercepts.
constexpr std::uint32_t intercept_rdtsc = 1u << 14, intercept_cpuid = 1u << 18, intercept_msr = 1u << 28;
constexpr std::uint32_t intercept_vmrun = 1u << 0; // required by VMRUN

constexpr std::uint16_t code_64 = 0x29b,
                        data = 0xc93; // APM vol. 2, Basic Operation: descriptors' attributes in 12 bits
constexpr std::uint32_t no_limit = 0xffffffff;
constexpr std::uint64_t efer_svme = 1 << 12;
constexpr std::uint64_t rflags_fixed = 1 << 1, dr6_fixed = 0xffff0ff0, dr7_fixed = 0x400;

constinit Vmcb vmcb{};
[[gnu::aligned(4096)]] constinit std::uint8_t host_save_area[4096]{};

Segment table(const TableRegister& pointer) { return {0, 0, pointer.limit, pointer.base}; }

}

void start(const char* code, bool intercepts_cpuid) {
    write_msr(Msr::ia32_efer, read_msr(Msr::ia32_efer) | efer_svme);
    write_msr(Msr::vm_hsave_pa, address_of(host_save_area));

    vmcb = Vmcb();
    vmcb.intercept_exceptions = 1u << static_cast<unsigned>(Exception::invalid_opcode);
    vmcb.intercept_instructions = intercept_rdtsc | intercept_msr | (intercepts_cpuid ? intercept_cpuid : 0);
    vmcb.intercept_svm = intercept_vmrun;
    vmcb.msrpm_base = address_of(permit_msrs);
    vmcb.asid = 1; // 0 is the host's

    vmcb.cs = {read_code_segment(), code_64, no_limit, 0};
    vmcb.es = vmcb.ss = vmcb.ds = {read_stack_segment(), data, no_limit, 0};
    vmcb.gdtr = table(store_gdt());
    vmcb.idtr = table(store_idt());
    vmcb.efer = read_msr(Msr::ia32_efer);
    vmcb.cr0 = read_cr<Cr::cr0>();
    vmcb.cr3 = read_cr<Cr::cr3>();
    vmcb.cr4 = read_cr<Cr::cr4>();
    vmcb.dr6 = dr6_fixed;
    vmcb.dr7 = dr7_fixed;
    vmcb.rflags = rflags_fixed;
    vmcb.rip = address_of(code);
}

void run(std::uint32_t ecx, std::uint32_t ebx) {
    const auto start = vmcb.rip;
    svm_enter(address_of(&vmcb), ecx, ebx);
    vmcb.rip = start;
}

// A #VMEXIT clears the global interrupt flag, and without SVM nothing sets it.
void stop() {
    asm volatile("stgi" : : : "memory");
    write_msr(Msr::ia32_efer, read_msr(Msr::ia32_efer) & ~efer_svme);
}

std::uint32_t exit_code() { return static_cast<std::uint32_t>(vmcb.exit_code); }

}
