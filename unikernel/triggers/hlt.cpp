// HLT, and what wakes the vCPU from it.
#include "triggers/catalogue.hpp"
#include "triggers/wakeup.hpp"

#include "machine/apic.hpp"
#include "machine/cpuid.hpp"
#include "machine/interrupts.hpp"

#include <asm/kvm_para.h>

namespace triggers {
namespace {

// Long enough that the vCPU mostly blocks, short enough for a thousand firings.
[[maybe_unused]] constexpr std::uint32_t timer_ticks = 100'000;

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
        .vmx = {EXIT_REASON_HLT, Bound::exact, 1, "SDM vol. 3, 26.1.3; vmx_exec_control() sets HLT exiting", vmx_wakeup},
        .svm = {SVM_EXIT_HLT, Bound::exact, 1, "APM vol. 2, 15.9; init_vmcb() sets the intercept", svm_wakeup},
        .count = default_count / 2,
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
