// The VMCS of a nested guest that shares our address space.
#include "machine/vmx.hpp"

#include "machine/address.hpp"
#include "machine/control_registers.hpp"
#include "machine/descriptor_tables.hpp"
#include "machine/msr.hpp"
#include "machine/nested.hpp"
#include "machine/permission_maps.hpp"

extern "C" {
void vmx_enter(std::uint32_t launched, std::uint32_t ecx, std::uint32_t ebx);
extern const char vmx_exited[];
}

namespace machine::vmx {
namespace {

// SDM vol. 3, Field Encoding in VMCS. Of segment fields only the first: the others follow in steps of 2.
enum class Field : std::uint64_t {
    guest_es_selector = 0x0800,
    host_es_selector = 0x0c00,
    msr_bitmap = 0x2004,
    vmcs_link_pointer = 0x2800,
    guest_debugctl = 0x2802,
    pin_based_controls = 0x4000,
    processor_based_controls = 0x4002,
    exception_bitmap = 0x4004,
    page_fault_mask = 0x4006,
    page_fault_match = 0x4008,
    cr3_target_count = 0x400a,
    exit_controls = 0x400c,
    exit_msr_store_count = 0x400e,
    exit_msr_load_count = 0x4010,
    entry_controls = 0x4012,
    entry_msr_load_count = 0x4014,
    entry_interruption = 0x4016,
    exit_reason = 0x4402,
    guest_es_limit = 0x4800,
    guest_gdtr_limit = 0x4810,
    guest_idtr_limit = 0x4812,
    guest_es_access = 0x4814,
    guest_interruptibility = 0x4824,
    guest_activity = 0x4826,
    guest_sysenter_cs = 0x482a,
    host_sysenter_cs = 0x4c00,
    cr0_mask = 0x6000,
    cr4_mask = 0x6002,
    guest_cr0 = 0x6800,
    guest_cr3 = 0x6802,
    guest_cr4 = 0x6804,
    guest_es_base = 0x6806,
    guest_gdtr_base = 0x6816,
    guest_idtr_base = 0x6818,
    guest_dr7 = 0x681a,
    guest_rsp = 0x681c,
    guest_rip = 0x681e,
    guest_rflags = 0x6820,
    guest_pending_debug = 0x6822,
    guest_sysenter_esp = 0x6824,
    guest_sysenter_eip = 0x6826,
    host_cr0 = 0x6c00,
    host_cr3 = 0x6c02,
    host_cr4 = 0x6c04,
    host_fs_base = 0x6c06,
    host_gs_base = 0x6c08,
    host_tr_base = 0x6c0a,
    host_gdtr_base = 0x6c0c,
    host_idtr_base = 0x6c0e,
    host_sysenter_esp = 0x6c10,
    host_sysenter_eip = 0x6c12,
    host_rsp = 0x6c14,
    host_rip = 0x6c16,
};

// In the order of their fields.
enum class Segment : std::uint64_t { es, cs, ss, ds, fs, gs, ldtr, tr };
constexpr auto segments = 8;

constexpr Field unused_controls[] = {Field::page_fault_mask,
                                     Field::page_fault_match,
                                     Field::cr3_target_count,
                                     Field::exit_msr_store_count,
                                     Field::exit_msr_load_count,
                                     Field::entry_msr_load_count,
                                     Field::entry_interruption,
                                     Field::cr0_mask,
                                     Field::cr4_mask};
constexpr Field unused_guest_state[] = {
    Field::guest_rsp,          Field::guest_debugctl,      Field::guest_interruptibility,
    Field::guest_activity,     Field::guest_pending_debug, Field::guest_sysenter_cs,
    Field::guest_sysenter_esp, Field::guest_sysenter_eip};

constexpr std::uint32_t rdtsc_exiting = 1 << 12, use_msr_bitmaps = 1 << 28;
constexpr std::uint32_t entry_to_64_bit = 1 << 9, exit_to_64_bit = 1 << 9;
// SDM vol. 3, Guest Register State: access rights.
constexpr std::uint32_t code_64 = 0xa09b, data = 0xc093, busy_tss = 0x8b, unusable = 1 << 16;
constexpr std::uint32_t no_limit = 0xffffffff, tss_limit = 0x67;
constexpr std::uint64_t no_link = ~std::uint64_t{0}, rflags_fixed = 1 << 1, dr7_fixed = 0x400;
constexpr std::uint64_t feature_control_locked = 1 << 0, feature_control_vmxon = 1 << 2;

// SDM vol. 3, Format of the VMCS Region; VMXON Region.
struct alignas(4096) Region {
    std::uint32_t revision;
    std::uint8_t rest[4092];
};
constinit Region vmxon_region{}, vmcs{};

TableRegister saved_gdt{}, saved_idt{}; // VM exits set their limits to 0xffff
std::uint64_t saved_cr0 = 0;

void write(Field field, std::uint64_t value) {
    asm volatile("vmwrite %0, %1" : : "r"(value), "r"(static_cast<std::uint64_t>(field)) : "cc", "memory");
}

void write(Field first, Segment segment, std::uint64_t value) {
    write(static_cast<Field>(static_cast<std::uint64_t>(first) + 2 * static_cast<std::uint64_t>(segment)),
          value);
}

// SDM vol. 3, VMX Capability Reporting Facility: low half, bits that must be 1; high half, bits that may
// be 1. KVM has these capabilities for every vCPU with VMX (nested_vmx_setup_ctls_msrs()).
std::uint64_t controls(Msr capability, std::uint32_t wanted) {
    const auto allowed = read_msr(capability);
    return (wanted | static_cast<std::uint32_t>(allowed)) & allowed >> 32;
}

void enter_vmx_operation() {
    saved_gdt = store_gdt();
    saved_idt = store_idt();
    saved_cr0 = read_cr<Cr::cr0>();
    if (!(read_msr(Msr::ia32_feature_control) & feature_control_locked))
        write_msr(Msr::ia32_feature_control, feature_control_locked | feature_control_vmxon);
    set(Cr0::numeric_error);
    set(Cr4::vmx_enable);
    constexpr std::uint64_t revision = 0x7fffffff;
    vmcs = Region();
    vmxon_region.revision = vmcs.revision =
        static_cast<std::uint32_t>(read_msr(Msr::ia32_vmx_basic) & revision);
    const auto region = address_of(&vmxon_region), current = address_of(&vmcs);
    asm volatile("vmxon %0" : : "m"(region) : "cc", "memory");
    asm volatile("vmclear %0" : : "m"(current) : "cc", "memory");
    asm volatile("vmptrld %0" : : "m"(current) : "cc", "memory");
}

void write_controls() {
    write(Field::pin_based_controls, controls(Msr::ia32_vmx_true_pinbased_ctls, 0));
    write(Field::processor_based_controls,
          controls(Msr::ia32_vmx_true_procbased_ctls, rdtsc_exiting | use_msr_bitmaps));
    write(Field::exit_controls, controls(Msr::ia32_vmx_true_exit_ctls, exit_to_64_bit));
    write(Field::entry_controls, controls(Msr::ia32_vmx_true_entry_ctls, entry_to_64_bit));
    write(Field::exception_bitmap, 1u << static_cast<unsigned>(Exception::invalid_opcode));
    write(Field::msr_bitmap, address_of(permit_msrs));
    write(Field::vmcs_link_pointer, no_link);
    for (const auto field : unused_controls) write(field, 0);
}

void write_guest_segment(Segment segment, std::uint16_t selector, std::uint32_t access, std::uint32_t limit,
                         std::uint64_t base) {
    write(Field::guest_es_selector, segment, selector);
    write(Field::guest_es_access, segment, access);
    write(Field::guest_es_limit, segment, limit);
    write(Field::guest_es_base, segment, base);
}

void write_guest(const char* code) {
    for (auto i = 0; i < segments; i++) write_guest_segment(static_cast<Segment>(i), 0, unusable, 0, 0);
    write_guest_segment(Segment::cs, read_code_segment(), code_64, no_limit, 0);
    for (const auto flat : {Segment::es, Segment::ss, Segment::ds})
        write_guest_segment(flat, read_stack_segment(), data, no_limit, 0);
    write_guest_segment(Segment::tr, 0, busy_tss, tss_limit, 0);
    write(Field::guest_gdtr_base, saved_gdt.base);
    write(Field::guest_gdtr_limit, saved_gdt.limit);
    write(Field::guest_idtr_base, saved_idt.base);
    write(Field::guest_idtr_limit, saved_idt.limit);
    write(Field::guest_cr0, read_cr<Cr::cr0>());
    write(Field::guest_cr3, read_cr<Cr::cr3>());
    write(Field::guest_cr4, read_cr<Cr::cr4>());
    write(Field::guest_dr7, dr7_fixed);
    write(Field::guest_rflags, rflags_fixed);
    write(Field::guest_rip, address_of(code));
    for (const auto field : unused_guest_state) write(field, 0);
}

// VM exits load all this. RSP is loaded again behind vmx_exited; TR must have a selector, and
// nothing uses it.
void write_host() {
    write(Field::host_es_selector, Segment::cs, read_code_segment());
    for (const auto flat : {Segment::es, Segment::ss, Segment::ds})
        write(Field::host_es_selector, flat, read_stack_segment());
    for (const auto none : {Segment::fs, Segment::gs}) write(Field::host_es_selector, none, 0);
    constexpr auto host_tr_selector = static_cast<Segment>(6); // the host has no LDTR's
    write(Field::host_es_selector, host_tr_selector, read_code_segment());
    write(Field::host_tr_base, 0);
    write(Field::host_fs_base, read_msr(Msr::ia32_fs_base));
    write(Field::host_gs_base, read_msr(Msr::ia32_gs_base));
    write(Field::host_gdtr_base, saved_gdt.base);
    write(Field::host_idtr_base, saved_idt.base);
    write(Field::host_cr0, read_cr<Cr::cr0>());
    write(Field::host_cr3, read_cr<Cr::cr3>());
    write(Field::host_cr4, read_cr<Cr::cr4>());
    write(Field::host_sysenter_cs, read_msr(Msr::ia32_sysenter_cs));
    write(Field::host_sysenter_esp, read_msr(Msr::ia32_sysenter_esp));
    write(Field::host_sysenter_eip, read_msr(Msr::ia32_sysenter_eip));
    write(Field::host_rsp, 0);
    write(Field::host_rip, address_of(vmx_exited));
}

}

bool is_locked_out() {
    const auto control = read_msr(Msr::ia32_feature_control);
    return (control & feature_control_locked) && !(control & feature_control_vmxon);
}

void start(const char* code) {
    enter_vmx_operation();
    write_controls();
    write_guest(nested_cpuid);
    write_host();
    vmx_enter(false, 0, 0);
    write(Field::guest_rip, address_of(code));
}

void run(std::uint32_t ecx, std::uint32_t ebx) { vmx_enter(true, ecx, ebx); }

void stop() {
    asm volatile("vmxoff" : : : "cc", "memory");
    clear(Cr4::vmx_enable);
    write_cr<Cr::cr0>(saved_cr0);
    load_gdt(saved_gdt);
    load_idt(saved_idt);
}

std::uint32_t exit_reason() {
    std::uint64_t value = 0;
    asm volatile("vmread %1, %0" : "+r"(value) : "r"(static_cast<std::uint64_t>(Field::exit_reason)) : "cc");
    return static_cast<std::uint32_t>(value);
}

}
