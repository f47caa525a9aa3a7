// HLT, and what wakes the vCPU from it.
#include "triggers/catalogue.hpp"

#include "machine/apic.hpp"
#include "machine/cpuid.hpp"
#include "machine/interrupts.hpp"

#include <asm/kvm.h>
#include <asm/kvm_para.h>
#include <asm/svm.h>
#include <asm/vmx.h>

namespace triggers {
namespace {

// Long enough that the vCPU mostly blocks, short enough for a thousand firings.
[[maybe_unused]] constexpr std::uint32_t timer_ticks = 100'000;

// Arming the timer and its EOI are writes to the APIC's page, a #PF where KVM shadows
// the page tables, or to its MSRs in x2APIC mode; its interrupt reaches the guest at once, by an interrupt window, or
// with a preemption timer.
constexpr ExitNumber vmx_also[] = {EXIT_REASON_EXCEPTION_NMI, EXIT_REASON_EPT_VIOLATION, EXIT_REASON_EPT_MISCONFIG,
                                   EXIT_REASON_APIC_ACCESS, EXIT_REASON_APIC_WRITE, EXIT_REASON_EOI_INDUCED,
                                   EXIT_REASON_MSR_READ, EXIT_REASON_MSR_WRITE,
                                   EXIT_REASON_INTERRUPT_WINDOW, EXIT_REASON_PREEMPTION_TIMER};
constexpr ExitNumber svm_also[] = {SVM_EXIT_EXCP_BASE + PF_VECTOR, SVM_EXIT_NPF, SVM_EXIT_VINTR, SVM_EXIT_MSR,
                                   SVM_EXIT_AVIC_INCOMPLETE_IPI, SVM_EXIT_AVIC_UNACCELERATED_ACCESS};

// KVM takes KVM_FEATURE_PV_UNHALT away from a guest whose HLT does not exit
// (kvm_vcpu_after_set_cpuid(); KVM_CAP_X86_DISABLE_EXITS, QEMU's cpu-pm=on).
[[maybe_unused]] std::string_view why_hlt_may_not_exit()
{
    constexpr std::uint32_t kvm_features = 0x40000001, pv_unhalt = 1 << KVM_FEATURE_PV_UNHALT;
    return machine::cpuid(kvm_features).eax & pv_unhalt ? "" : "this VM's HLT does not exit: KVM_FEATURE_PV_UNHALT is not offered";
}

constexpr Trigger catalogue[] = {
    {
        .name = "hlt.timer",
        .what = "STI; HLT, woken by a one-shot APIC timer 100000 ticks later",
        .vmx = {EXIT_REASON_HLT, Bound::exact, 1, "SDM vol. 3, 26.1.3; vmx_exec_control() sets HLT exiting", vmx_also},
        .svm = {SVM_EXIT_HLT, Bound::exact, 1, "APM vol. 2, 15.9; init_vmcb() sets the intercept", svm_also},
        .count = default_count / 10,
        .prepare = nullptr,
        .fire = GUEST_CODE([] {
            machine::local_apic.start_one_shot_timer(timer_ticks);
            machine::halt_until_interrupt();
        }),
        .clean_up = GUEST_CODE([] { machine::local_apic.start_one_shot_timer(0); }),
        .excuse = GUEST_CODE(why_hlt_may_not_exit),
    },
};

}

std::span<const Trigger> hlt_triggers()
{
    return catalogue;
}

}
