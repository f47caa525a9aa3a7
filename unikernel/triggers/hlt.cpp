// HLT, and the events that wake the vCPU.
#include "triggers/apic_mode.hpp"
#include "triggers/catalogue.hpp"
#include "triggers/wakeup.hpp"

#include "machine/cpuid.hpp"
#include "machine/interrupts.hpp"

#include <asm/kvm_para.h>

namespace triggers {
namespace {

using namespace machine;

// Long enough that the vCPU mostly blocks, short enough for a thousand firings.
constexpr std::uint32_t timer_ticks = 100'000;

// The vCPU is runnable again at once, and the interrupt window is open. An interrupt that arrived before its
// HLT is sent again (interrupts.cpp, arrived_before_hlt()).
constexpr std::uint32_t repeats = 8;
constexpr Row vmx_pending_also[] = {{EXIT_REASON_INTERRUPT_WINDOW, Bound::exact, 1},
                                    {EXIT_REASON_MSR_WRITE, Bound::exact, 2}};
constexpr Row svm_pending_also[] = {{SVM_EXIT_VINTR, Bound::exact, 1, repeats},
                                    {SVM_EXIT_MSR, Bound::exact, 2, 2 * repeats}};

// KVM clears KVM_FEATURE_PV_UNHALT for a guest whose HLT does not exit
// (kvm_vcpu_after_set_cpuid(); KVM_CAP_X86_DISABLE_EXITS, QEMU's cpu-pm=on).
std::string_view why_hlt_may_not_exit() {
    constexpr std::uint32_t kvm_features = 0x40000001, pv_unhalt = 1 << KVM_FEATURE_PV_UNHALT;
    return cpuid(kvm_features).eax & pv_unhalt
               ? ""
               : "this VM's HLT does not exit: KVM_FEATURE_PV_UNHALT is not offered";
}

constexpr Trigger catalogue[] = {
    {
        .name = "hlt.timer",
        .what = "STI; HLT, woken by a one-shot APIC timer 100000 ticks later",
        .vmx = {EXIT_REASON_HLT, Bound::exact, 1, SDM_CONDITIONAL "; vmx_exec_control() sets HLT exiting",
                vmx_wakeup},
        .svm = {SVM_EXIT_HLT, Bound::exact, 1, APM_INSTRUCTIONS "; init_vmcb() sets the intercept",
                svm_wakeup},
        .fire =
            [] {
                local_apic.start_one_shot_timer(timer_ticks);
                halt_until_interrupt();
            },
        .count = default_count / 2,
        .clean_up = [] { local_apic.start_one_shot_timer(0); },
        .hazard = why_halt_may_not_end,
        .excuse = why_hlt_may_not_exit,
    },
    {
        .name = "hlt.pending",
        .what = "self-IPI by WRMSR IA32_X2APIC_ICR while IF=0; STI; HLT; the interrupt, its EOI",
        .vmx = {EXIT_REASON_HLT, Bound::exact, 1,
                SDM_CONDITIONAL
                ": in the shadow of STI, HLT executes before the interrupt is taken; kvm_emulate_halt()",
                vmx_pending_also},
        .svm = {SVM_EXIT_HLT, Bound::exact, 1,
                "APM vol. 2, Interrupt Shadows: in the shadow of STI, HLT executes before the interrupt is "
                "taken; kvm_emulate_halt()",
                svm_pending_also},
        .fire =
            [] {
                send_counted_to_self();
                halt_until_interrupt();
                take_counted();
            },
        .count = default_count / 5,
        .prepare = enter_apic_mode<ApicMode::x2apic>,
        .clean_up = leave_apic_mode,
        .lacks = why_apic_may_not_exit<ApicMode::x2apic>,
        .hazard = why_halt_may_not_end,
        .excuse = why_hlt_may_not_exit,
    },
};

}

std::span<const Trigger> hlt_triggers() { return catalogue; }

}
