// Descriptor-table registers. KVM intercepts them only to emulate UMIP.
#include "triggers/catalogue.hpp"

#include "machine/control_registers.hpp"
#include "machine/descriptor_tables.hpp"
#include "machine/features.hpp"

#include <asm/svm.h>
#include <asm/vmx.h>

namespace triggers {
namespace {

using namespace machine;

constexpr std::string_view vmx_source =
    "vmx_set_cr4(): descriptor-table exiting is on only while KVM emulates CR4.UMIP";
constexpr std::string_view svm_source =
    "init_vmcb() leaves the intercept clear: KVM does not emulate UMIP on AMD";
constexpr std::string_view umip_source =
    SDM_CONDITIONAL "; vmx_umip_emulated(): exits at any CPL, handle_desc() emulates";

constexpr auto vmx_tables = never(EXIT_REASON_GDTR_IDTR, vmx_source);
constexpr auto vmx_selectors = never(EXIT_REASON_LDTR_TR, vmx_source);

constexpr Expectation svm(ExitNumber exit) { return never(exit, svm_source); }

constexpr Row its_tables[] = {{EXIT_REASON_GDTR_IDTR, Bound::exact, 3}};

constexpr Trigger with_umip(std::string_view name, std::string_view what, ExitNumber vmx_exit,
                            std::uint32_t vmx_exits, ExitNumber svm_exit, void (*fire)(),
                            std::span<const Row> vmx_also = {}, bool boot_vcpu_only = false) {
    auto amd = svm(svm_exit);
    amd.unseen = "no AMD processor that a lane emulates has UMIP";
    return {.name = name,
            .what = what,
            .vmx = {vmx_exit, Bound::exact, vmx_exits, umip_source, vmx_also},
            .svm = amd,
            .fire = fire,
            .prepare = [] { set(Cr4::umip); },
            .clean_up = [] { clear(Cr4::umip); },
            .lacks = lacks<feature::umip>,
            .excuse = []() -> std::string_view {
                return "this host's processor has UMIP itself: KVM does not emulate it";
            },
            .boot_vcpu_only = boot_vcpu_only};
}

constexpr Trigger catalogue[] = {
    {"descriptor.sgdt", "SGDT", vmx_tables, svm(SVM_EXIT_GDTR_READ), [] { store_gdt(); }},
    {"descriptor.sidt", "SIDT", vmx_tables, svm(SVM_EXIT_IDTR_READ), [] { store_idt(); }},
    {"descriptor.sldt", "SLDT", vmx_selectors, svm(SVM_EXIT_LDTR_READ), [] { store_ldt(); }},
    {"descriptor.str", "STR", vmx_selectors, svm(SVM_EXIT_TR_READ), [] { store_task_register(); }},
    {"descriptor.lgdt", "SGDT; LGDT of the same", vmx_tables, svm(SVM_EXIT_GDTR_WRITE),
     [] { load_gdt(store_gdt()); }},
    {"descriptor.lidt", "SIDT; LIDT of the same", vmx_tables, svm(SVM_EXIT_IDTR_WRITE),
     [] { load_idt(store_idt()); }},
    {"descriptor.lldt", "LLDT of the null selector", vmx_selectors, svm(SVM_EXIT_LDTR_WRITE),
     [] { load_ldt(0); }},
    {
        .name = "descriptor.ltr",
        .what = "LTR, between LGDTs",
        .vmx = vmx_selectors,
        .svm = svm(SVM_EXIT_TR_WRITE),
        .fire = load_task_register,
        .boot_vcpu_only = true, // LTR marks the descriptor, which is shared
    },
    with_umip("descriptor.umip-tables", "with CR4.UMIP: SGDT, LGDT, SIDT, LIDT", EXIT_REASON_GDTR_IDTR, 4,
              SVM_EXIT_GDTR_READ,
              [] {
                  load_gdt(store_gdt());
                  load_idt(store_idt());
              }),
    with_umip("descriptor.umip-selectors", "with CR4.UMIP: SLDT, LLDT, STR", EXIT_REASON_LDTR_TR, 3,
              SVM_EXIT_LDTR_READ,
              [] {
                  store_ldt();
                  load_ldt(0);
                  store_task_register();
              }),
    with_umip("descriptor.umip-ltr", "with CR4.UMIP: LTR, between SGDT, LGDT and LGDT", EXIT_REASON_LDTR_TR,
              1, SVM_EXIT_TR_WRITE, load_task_register, its_tables, true),
};

}

std::span<const Trigger> descriptor_triggers() { return catalogue; }

}
