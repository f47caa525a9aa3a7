// What arming the APIC timer, and taking the interrupt that ends a HLT, may add to other rows.
#pragma once

#include "machine/apic.hpp"
#include "machine/interrupts.hpp"
#include "machine/timeout.hpp"
#include "triggers/trigger.hpp"

#include <asm/kvm.h>
#include <asm/svm.h>
#include <asm/vmx.h>

namespace triggers {

// Arming the timer and EOI are writes to the APIC's page, which are #PF where KVM shadows page tables, or to
// MSRs in x2APIC mode. The interrupt reaches the guest at once, through an interrupt window, or from the
// preemption timer.
constexpr Row some(ExitNumber exit) { return {exit, Bound::at_most, 8}; }
inline constexpr Row vmx_wakeup[] = {some(EXIT_REASON_EXCEPTION_NMI),    some(EXIT_REASON_EPT_VIOLATION),
                                     some(EXIT_REASON_EPT_MISCONFIG),    some(EXIT_REASON_APIC_ACCESS),
                                     some(EXIT_REASON_APIC_WRITE),       some(EXIT_REASON_EOI_INDUCED),
                                     some(EXIT_REASON_MSR_READ),         some(EXIT_REASON_MSR_WRITE),
                                     some(EXIT_REASON_INTERRUPT_WINDOW), some(EXIT_REASON_PREEMPTION_TIMER)};
inline constexpr Row svm_wakeup[] = {some(SVM_EXIT_EXCP_BASE + PF_VECTOR),
                                     some(SVM_EXIT_NPF),
                                     some(SVM_EXIT_VINTR),
                                     some(SVM_EXIT_MSR),
                                     some(SVM_EXIT_AVIC_INCOMPLETE_IPI),
                                     some(SVM_EXIT_AVIC_UNACCELERATED_ACCESS)};

/// For Trigger::hazard of what waits in HLT: does the timer's interrupt arrive at a vCPU that does not?
inline std::string_view why_halt_may_not_end() {
    constexpr std::uint32_t ticks = 100'000;
    constexpr machine::Timeout few_seconds{std::uint64_t{1} << 34, std::uint64_t{1} << 26};
    const auto& arrivals = machine::this_cpu().arrivals;
    const auto before = arrivals;
    machine::enable_interrupts();
    machine::local_apic.start_one_shot_timer(ticks);
    for (auto timeout = few_seconds; arrivals == before && !timeout.expired();) {
    }
    machine::disable_interrupts();
    return arrivals != before ? "" : "the APIC's timer does not interrupt this vCPU: its HLT might never end";
}

}
