// Control registers. With VMX a guest owns single bits of CR0 and CR4, and reads do not exit. SVM intercepts
// whole registers, and writes of CR0 also by what they change.
#include "triggers/catalogue.hpp"
#include "triggers/does_not_exit.hpp"

#include "machine/apic.hpp"
#include "machine/control_registers.hpp"
#include "machine/features.hpp"
#include "machine/interrupts.hpp"

#include <asm/svm.h>
#include <asm/vmx.h>

namespace triggers {
namespace {

using namespace machine;

constexpr Expectation vmx_exits(std::uint32_t per_firing, std::string_view source) {
    return {EXIT_REASON_CR_ACCESS, Bound::exact, per_firing, source};
}
constexpr auto vmx_read = never(EXIT_REASON_CR_ACCESS, SDM_CONDITIONAL
                                ": reads of CR0, CR2 and CR4 do not exit; the read shadow answers");
constexpr auto vmx_no_cr2 = never(EXIT_REASON_CR_ACCESS, SDM_CONDITIONAL ": CR2 does not exit");
constexpr auto vmx_ept_cr3 =
    never(EXIT_REASON_CR_ACCESS, "vmx_exec_control() clears CR3 exiting, which EPT makes unnecessary");
constexpr auto vmx_tpr_shadow = never(
    EXIT_REASON_CR_ACCESS, "vmx_exec_control() uses the TPR shadow: MOV CR8 accesses the virtual-APIC page");
constexpr auto vmx_owned_bit =
    never(EXIT_REASON_CR_ACCESS, "KVM_POSSIBLE_CR0_GUEST_BITS: with EPT the guest owns the bit");

constexpr std::string_view svm_selective_source = APM_INSTRUCTIONS
    ": a write that changes bits of CR0 other than TS and MP; svm_set_cr0() keeps INTERCEPT_SELECTIVE_CR0";
constexpr std::string_view svm_npt_cr3 = "init_vmcb() clears the intercept with NPT";
constexpr std::string_view svm_no_cr2 = "init_vmcb() leaves the intercept clear";

// A reset of KVM's MMU drops the root of its page tables. What the guest touches next faults again, unless
// other roots still map it.
constexpr std::uint32_t refaults = 64;

constexpr Row svm_cr4_reads[] = {{SVM_EXIT_READ_CR4, Bound::exact, 1}};
constexpr Row svm_cr4_reads_and_refaults[] = {{SVM_EXIT_READ_CR4, Bound::exact, 1},
                                              {SVM_EXIT_NPF, Bound::at_most, refaults}};
constexpr Row vmx_refaults[] = {{EXIT_REASON_EPT_VIOLATION, Bound::at_most, refaults},
                                {EXIT_REASON_EXCEPTION_NMI, Bound::at_most, refaults}};
constexpr Expectation svm_cr4_toggle{SVM_EXIT_WRITE_CR4, Bound::exact, 2,
                                     "init_vmcb() sets the intercepts of CR4", svm_cr4_reads};

// While CD is set, the processor's CR0 differs from the guest's.
constexpr Row svm_cache_disable_also[] = {{SVM_EXIT_WRITE_CR0, Bound::exact, 1}};

constexpr Deviation cr3_shadow[] = {
    vmx_shadowing(vmx_exits(1, "vmx_exec_control() sets CR3 exiting: KVM shadows the page tables"))};
constexpr Deviation cr3_write_shadow[] = {
    vmx_shadowing(vmx_exits(2, "vmx_exec_control() sets CR3 exiting, for the read and for the write"))};
constexpr Deviation write_protect_shadow[] = {
    vmx_shadowing({EXIT_REASON_CR_ACCESS, Bound::exact, 2,
                   "vmx_l1_guest_owned_cr0_bits(): without EPT KVM owns CR0.WP", vmx_refaults})};
constexpr auto page_global_shadow =
    vmx_shadowing({EXIT_REASON_CR_ACCESS, Bound::exact, 2,
                   "set_cr4_guest_host_mask(): without EPT KVM owns the bits that flush TLBs", vmx_refaults});

void load_same_status() { load_machine_status(store_machine_status()); }

constexpr Deviation lmsw_deviations[] = {
    svm_measured([] { return does_not_exit(load_same_status); },
                 never(SVM_EXIT_CR0_SEL_WRITE,
                       "QEMU (seen up to 11.1) and Bochs check LMSW like MOV, by what it changes"))};

bool reading_cr4_does_not_exit() {
    return does_not_exit([] { read_cr<Cr::cr4>(); });
}

constexpr std::string_view cr4_read_source =
    "QEMU (seen in 10.0 and 11.1) checks CR0's intercept for reads of any control register";
constexpr Row svm_refaults[] = {{SVM_EXIT_NPF, Bound::at_most, refaults}};
constexpr Deviation cr4_read_deviations[] = {
    svm_measured(reading_cr4_does_not_exit, never(SVM_EXIT_READ_CR4, cr4_read_source))};
constexpr Deviation cr4_toggle_unread =
    svm_measured(reading_cr4_does_not_exit, {SVM_EXIT_WRITE_CR4, Bound::exact, 2, cr4_read_source});
constexpr Deviation cr4_toggle_deviations[] = {cr4_toggle_unread};
constexpr Deviation page_global_deviations[] = {cr4_toggle_unread, page_global_shadow};
constexpr Deviation smep_deviations[] = {svm_measured(
    reading_cr4_does_not_exit, {SVM_EXIT_WRITE_CR4, Bound::exact, 2, cr4_read_source, svm_refaults})};

// If a nested guest writes CR8 while KVM waits for it to enable interrupts (V_IRQ), QEMU (seen up to 11.1)
// fails an assertion. KVM does not wait here: it sets no V_IRQ for an interrupt that the TPR holds back.

// The self-IPI, and its EOI in the handler, are writes to the APIC's page, or to its
// MSRs in x2APIC mode. Where that page is not mapped, as without APIC virtualization or with shadow paging,
// they are no EPT violations.
constexpr Row vmx_apic_writes[] = {
    {EXIT_REASON_EPT_VIOLATION, Bound::at_most, 2}, {EXIT_REASON_EPT_MISCONFIG, Bound::at_most, 2},
    {EXIT_REASON_EXCEPTION_NMI, Bound::at_most, 2}, {EXIT_REASON_APIC_ACCESS, Bound::at_most, 2},
    {EXIT_REASON_APIC_WRITE, Bound::at_most, 2},    {EXIT_REASON_MSR_WRITE, Bound::at_most, 2}};
constexpr Row svm_apic_writes[] = {{SVM_EXIT_NPF, Bound::at_most, 2},
                                   {SVM_EXIT_MSR, Bound::at_most, 2},
                                   {SVM_EXIT_VINTR, Bound::at_most, 1},
                                   {SVM_EXIT_AVIC_UNACCELERATED_ACCESS, Bound::at_most, 2},
                                   {SVM_EXIT_AVIC_INCOMPLETE_IPI, Bound::at_most, 1}};

constexpr Trigger catalogue[] = {
    {"cr.read-cr0", "MOV from CR0", vmx_read,
     never(SVM_EXIT_READ_CR0, "svm_set_cr0() clears the intercept while the processor has the guest's CR0"),
     [] { read_cr<Cr::cr0>(); }},
    {
        .name = "cr.read-cr0-cd",
        .what = "MOV from CR0 while CR0.CD is set",
        .vmx = vmx_read,
        .svm = {SVM_EXIT_READ_CR0, Bound::exact, 1,
                "svm_set_cr0() keeps CD clear in the processor's CR0, and so intercepts reads"},
        .fire = [] { read_cr<Cr::cr0>(); },
        .prepare = [] { set(Cr0::cache_disable); },
        .clean_up = [] { clear(Cr0::cache_disable); },
    },
    {"cr.smsw", "SMSW", vmx_read,
     never(SVM_EXIT_READ_CR0,
           APM_INSTRUCTIONS ": SMSW is a read of CR0, which svm_set_cr0() does not intercept"),
     [] { store_machine_status(); }},
    {"cr.write-cr0-cd",
     "MOV to CR0, twice: sets CD, clears it",
     vmx_exits(2, SDM_CONDITIONAL ": CD is not among KVM_POSSIBLE_CR0_GUEST_BITS"),
     {SVM_EXIT_CR0_SEL_WRITE, Bound::exact, 1, svm_selective_source, svm_cache_disable_also},
     [] { toggle(Cr0::cache_disable); }},
    {
        .name = "cr.write-cr0-wp",
        .what = "MOV to CR0, twice: clears WP, sets it",
        .vmx = vmx_owned_bit,
        .svm = {SVM_EXIT_CR0_SEL_WRITE, Bound::exact, 2, svm_selective_source},
        .fire = [] { toggle(Cr0::write_protect); },
        .deviations = write_protect_shadow,
    },
    {"cr.clts", "MOV to CR0 that sets TS; CLTS",
     never(EXIT_REASON_CR_ACCESS, "KVM_POSSIBLE_CR0_GUEST_BITS: the guest always owns TS"),
     never(SVM_EXIT_CR0_SEL_WRITE, APM_INSTRUCTIONS ": the selective intercept ignores changes of TS"),
     [] {
         set(Cr0::task_switched);
         clear_task_switched();
     }},
    {
        .name = "cr.lmsw-same",
        .what = "LMSW of CR0's own low bits",
        .vmx = never(EXIT_REASON_CR_ACCESS,
                     SDM_CONDITIONAL ": LMSW exits if it would change a bit that the guest does not own"),
        .svm = unseen("QEMU and Bochs check LMSW like MOV, by what it changes",
                      {SVM_EXIT_CR0_SEL_WRITE, Bound::exact, 1,
                       APM_INSTRUCTIONS ": the selective intercept includes any LMSW"}),
        .fire = load_same_status,
        .deviations = lmsw_deviations,
    },
    {"cr.lmsw-em",
     "LMSW, twice: sets EM, clears it",
     vmx_exits(2, SDM_CONDITIONAL "; handle_cr(): KVM owns EM"),
     {SVM_EXIT_CR0_SEL_WRITE, Bound::exact, 2, svm_selective_source},
     [] {
         constexpr auto emulation = static_cast<std::uint16_t>(Cr0::emulation);
         const auto status = store_machine_status();
         load_machine_status(status ^ emulation);
         load_machine_status(status);
     }},
    {"cr.read-cr2", "MOV from CR2", vmx_no_cr2, never(SVM_EXIT_READ_CR2, svm_no_cr2),
     [] { read_cr<Cr::cr2>(); }},
    {"cr.write-cr2", "MOV to CR2", vmx_no_cr2, never(SVM_EXIT_WRITE_CR2, svm_no_cr2),
     [] { write_cr<Cr::cr2>(0); }},
    {
        .name = "cr.read-cr3",
        .what = "MOV from CR3",
        .vmx = vmx_ept_cr3,
        .svm = never(SVM_EXIT_READ_CR3, svm_npt_cr3),
        .fire = [] { read_cr<Cr::cr3>(); },
        .deviations = cr3_shadow,
    },
    {
        .name = "cr.write-cr3",
        .what = "MOV from CR3; MOV to CR3 of its own value",
        .vmx = vmx_ept_cr3,
        .svm = never(SVM_EXIT_WRITE_CR3, svm_npt_cr3),
        .fire = [] { write_cr<Cr::cr3>(read_cr<Cr::cr3>()); },
        .deviations = cr3_write_shadow,
    },
    {
        .name = "cr.read-cr4",
        .what = "MOV from CR4",
        .vmx = vmx_read,
        .svm = {SVM_EXIT_READ_CR4, Bound::exact, 1, "init_vmcb() sets the intercept"},
        .fire = [] { read_cr<Cr::cr4>(); },
        .deviations = cr4_read_deviations,
    },
    {
        .name = "cr.write-cr4-mce",
        .what = "MOV to CR4, twice: changes MCE and back",
        .vmx = vmx_exits(2, SDM_CONDITIONAL ": MCE is not among KVM_POSSIBLE_CR4_GUEST_BITS"),
        .svm = svm_cr4_toggle,
        .fire = [] { toggle(Cr4::machine_check); },
        .deviations = cr4_toggle_deviations,
    },
    {
        .name = "cr.write-cr4-pge",
        .what = "MOV to CR4, twice: changes PGE and back",
        .vmx = never(EXIT_REASON_CR_ACCESS, "KVM_POSSIBLE_CR4_GUEST_BITS: with EPT the guest owns PGE"),
        .svm = svm_cr4_toggle,
        .fire = [] { toggle(Cr4::page_global); },
        .deviations = page_global_deviations,
    },
    {
        .name = "cr.write-cr4-smep",
        .what = "MOV to CR4, twice: changes SMEP and back, which resets KVM's MMU",
        .vmx = {EXIT_REASON_CR_ACCESS, Bound::exact, 2, SDM_CONDITIONAL "; kvm_post_set_cr4() resets the MMU",
                vmx_refaults},
        .svm = {SVM_EXIT_WRITE_CR4, Bound::exact, 2,
                "init_vmcb() sets the intercepts; kvm_post_set_cr4() resets the MMU",
                svm_cr4_reads_and_refaults},
        .fire = [] { toggle(Cr4::smep); },
        .count = default_count / 10,
        .lacks = lacks<feature::smep>,
        .deviations = smep_deviations,
    },
    {"cr.read-cr8", "MOV from CR8", vmx_tpr_shadow,
     never(SVM_EXIT_READ_CR8, "APM vol. 2, Virtualizing APIC.TPR: V_INTR_MASKING, CR8 is the virtual TPR; "
                              "init_vmcb() leaves the intercept clear"),
     [] { read_cr<Cr::cr8>(); }},
    {"cr.write-cr8", "MOV to CR8 of 0", vmx_tpr_shadow,
     never(SVM_EXIT_WRITE_CR8,
           "svm_update_cr8_intercept() clears the intercept while no interrupt is pending"),
     [] { write_cr<Cr::cr8>(0); }},
    {
        .name = "cr.lower-cr8",
        .what = "MOV to CR8 of 15; self-IPI; MOV to CR8 of 0, which unmasks it",
        .vmx = {EXIT_REASON_TPR_BELOW_THRESHOLD, Bound::exact, 1,
                "SDM vol. 3, TPR Virtualization; vmx_update_cr8_intercept() sets the threshold",
                vmx_apic_writes},
        .svm = {SVM_EXIT_WRITE_CR8, Bound::exact, 1,
                "svm_update_cr8_intercept() sets the intercept while the TPR holds an interrupt back",
                svm_apic_writes},
        .fire =
            [] {
                constexpr std::uint64_t nothing_passes = 15, all_passes = 0;
                enable_interrupts();
                write_cr<Cr::cr8>(nothing_passes);
                local_apic.send_to_self(static_cast<std::uint8_t>(Vector::timer));
                write_cr<Cr::cr8>(all_passes);
                disable_interrupts();
            },
        .excuse = []() -> std::string_view {
            return "this host may virtualize interrupts (APICv, AVIC): then the processor itself delivers "
                   "what the TPR held back";
        },
    },
};

}

std::span<const Trigger> cr_triggers() { return catalogue; }

}
