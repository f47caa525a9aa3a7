// Descriptor-table registers: KVM has no use for their exits, but to emulate UMIP.
#include "triggers/catalogue.hpp"

#include "machine/control_registers.hpp"
#include "machine/descriptor_tables.hpp"
#include "machine/features.hpp"

#include <asm/svm.h>
#include <asm/vmx.h>

namespace triggers {
namespace {

constexpr std::uint32_t count = 200;

constexpr std::string_view vmx_source =
    "vmx_set_cr4(): descriptor-table exiting is on only while KVM emulates CR4.UMIP";
constexpr std::string_view svm_source =
    "init_vmcb() leaves the intercept clear: KVM does not emulate UMIP on AMD";
constexpr std::string_view umip_source =
    "SDM vol. 3, 26.1.3; vmx_umip_emulated(): exits at any CPL, handle_desc() emulates";

constexpr Expectation vmx_tables{EXIT_REASON_GDTR_IDTR, Bound::none, 0, vmx_source};
constexpr Expectation vmx_selectors{EXIT_REASON_LDTR_TR, Bound::none, 0, vmx_source};

constexpr Expectation svm(ExitNumber exit) { return {exit, Bound::none, 0, svm_source}; }

std::string_view lacks_umip() { return machine::lacks(machine::feature::umip, "this vCPU has no UMIP"); }

std::string_view why_umip_may_not_exit()
{
    return "this host's processor has UMIP itself: KVM need not emulate it";
}

constexpr Trigger plain(std::string_view name, std::string_view what, const Expectation& vmx,
                        ExitNumber svm_exit, void (*fire)())
{
    return {name, what, vmx, svm(svm_exit), count, nullptr, fire, nullptr};
}

constexpr Row its_tables[] = {{EXIT_REASON_GDTR_IDTR, Bound::exact, 3}};

constexpr Trigger with_umip(std::string_view name, std::string_view what, ExitNumber vmx_exit,
                            std::uint32_t vmx_exits, ExitNumber svm_exit, void (*fire)(),
                            std::span<const Row> vmx_also = {}, bool boot_vcpu_only = false)
{
    auto amd = svm(svm_exit);
    amd.unseen = "no AMD processor that a lane emulates has UMIP";
    return {.name = name,
            .what = what,
            .vmx = {vmx_exit, Bound::exact, vmx_exits, umip_source, vmx_also},
            .svm = amd,
            .count = count,
            .prepare = [] { machine::set(machine::Cr4::umip); },
            .fire = fire,
            .clean_up = [] { machine::clear(machine::Cr4::umip); },
            .excuse = why_umip_may_not_exit,
            .lacks = lacks_umip,
            .boot_vcpu_only = boot_vcpu_only};
}

constexpr Trigger catalogue[] = {
    plain("descriptor.sgdt", "SGDT", vmx_tables, SVM_EXIT_GDTR_READ, [] { machine::store_gdt(); }),
    plain("descriptor.sidt", "SIDT", vmx_tables, SVM_EXIT_IDTR_READ, [] { machine::store_idt(); }),
    plain("descriptor.sldt", "SLDT", vmx_selectors, SVM_EXIT_LDTR_READ, [] { machine::store_ldt(); }),
    plain("descriptor.str", "STR", vmx_selectors, SVM_EXIT_TR_READ, [] { machine::store_task_register(); }),
    plain("descriptor.lgdt", "SGDT; LGDT of the same", vmx_tables, SVM_EXIT_GDTR_WRITE,
          [] { machine::load_gdt(machine::store_gdt()); }),
    plain("descriptor.lidt", "SIDT; LIDT of the same", vmx_tables, SVM_EXIT_IDTR_WRITE,
          [] { machine::load_idt(machine::store_idt()); }),
    plain("descriptor.lldt", "LLDT of the null selector", vmx_selectors, SVM_EXIT_LDTR_WRITE,
          [] { machine::load_ldt(0); }),
    {
        .name = "descriptor.ltr",
        .what = "LTR, between LGDTs",
        .vmx = vmx_selectors,
        .svm = svm(SVM_EXIT_TR_WRITE),
        .count = count,
        .prepare = nullptr,
        .fire = machine::load_task_register,
        .clean_up = nullptr,
        .boot_vcpu_only = true, // the descriptor, which LTR marks, is shared
    },
    with_umip("descriptor.umip-tables", "with CR4.UMIP: SGDT, LGDT, SIDT, LIDT", EXIT_REASON_GDTR_IDTR, 4,
              SVM_EXIT_GDTR_READ,
              [] {
                  machine::load_gdt(machine::store_gdt());
                  machine::load_idt(machine::store_idt());
              }),
    with_umip("descriptor.umip-selectors", "with CR4.UMIP: SLDT, LLDT, STR", EXIT_REASON_LDTR_TR, 3,
              SVM_EXIT_LDTR_READ,
              [] {
                  machine::store_ldt();
                  machine::load_ldt(0);
                  machine::store_task_register();
              }),
    with_umip("descriptor.umip-ltr", "with CR4.UMIP: LTR, between SGDT, LGDT and LGDT", EXIT_REASON_LDTR_TR,
              1, SVM_EXIT_TR_WRITE, machine::load_task_register, its_tables, true),
};

}

std::span<const Trigger> descriptor_triggers() { return catalogue; }

}
