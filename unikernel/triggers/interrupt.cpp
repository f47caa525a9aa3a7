// Interrupts: the guest's that wait for an interrupt window, those between its vCPUs, the timer's, and the
// host's.
#include "triggers/apic_mode.hpp"
#include "triggers/catalogue.hpp"

#include "machine/cpuid.hpp"
#include "machine/features.hpp"
#include "machine/msr.hpp"
#include "machine/processors.hpp"

#include <asm/svm.h>
#include <asm/vmx.h>

namespace triggers {
namespace {

using namespace machine;

void pass_window() {
    send_counted_to_self();
    take_counted();
}

// Waits until the next vCPU has counted the interrupt, or another one could merge with it. Interrupts are
// enabled meanwhile, for the one from the previous vCPU.
void interrupt_next() {
    auto& next = next_processor();
    const auto before = next.arrivals;
    next.due = true;
    enable_interrupts();
    local_apic.send_to(next.apic_id, Delivery::fixed, counted_vector);
    for (auto timeout = long_timeout; next.arrivals == before;)
        if (timeout.expired()) give_up("the interrupt that it sent", next);
    disable_interrupts();
}

std::string_view why_none_to_interrupt() {
    return running_processors() == 1 ? "needs vcpus=2 or more" : why_apic_may_not_exit<ApicMode::x2apic>();
}

// Long enough that the guest is spinning again before the timer expires.
constexpr std::uint32_t timer_ticks = 200'000, tsc_cycles = 500'000;
constexpr unsigned expiries = 8;

void await_one_shot_timers() {
    for (unsigned i = 0; i < expiries; i++)
        fire_and_await([] { local_apic.start_one_shot_timer(timer_ticks); });
}

void await_deadlines() {
    for (unsigned i = 0; i < expiries; i++)
        fire_and_await([] { write_msr(Msr::ia32_tsc_deadline, rdtsc() + tsc_cycles); });
}

std::string_view lacks_deadlines() {
    return has(feature::tsc_deadline) ? lacks<feature::x2apic>() : feature::tsc_deadline.lacking;
}

// kvm_can_use_hv_timer(). CPUID shows MONITOR with QEMU's cpu-pm=on.
std::string_view why_no_preemption_timer() {
    return has(feature::monitor) ? "this VM's MWAIT does not exit: KVM then does not use the preemption timer"
                                 : "";
}

// More than twice the longest period of Linux's tick, at 100 Hz.
constexpr std::uint32_t two_ticks_or_more = 24'000'000;

void await_host_tick() {
    fire_and_await([] { local_apic.start_one_shot_timer(two_ticks_or_more); });
}

// KVM_HINTS_REALTIME: the vCPUs have processors of their own, which may need no tick.
std::string_view why_host_may_not_tick() {
    constexpr std::uint32_t kvm_features = 0x40000001, hints_realtime = 1;
    return cpuid(kvm_features).edx & hints_realtime
               ? "this vCPU has a processor of its own, which need not tick"
               : "";
}

constexpr Row vmx_window_also[] = {{EXIT_REASON_MSR_WRITE, Bound::exact, 2}};
constexpr Row svm_window_also[] = {{SVM_EXIT_MSR, Bound::exact, 2}};

// Sending interrupts the processor of the other vCPU if it is in guest mode (kvm_vcpu_kick()). During the
// wait the host may take interrupts of its own. The other vCPU may have IF=0.
constexpr Row vmx_wait_also[] = {{EXIT_REASON_EXTERNAL_INTERRUPT, Bound::at_least, 0},
                                 {EXIT_REASON_INTERRUPT_WINDOW, Bound::at_most, 1}};
constexpr Row svm_wait_also[] = {{SVM_EXIT_INTR, Bound::at_least, 0}, {SVM_EXIT_VINTR, Bound::at_most, 1}};

// Arming takes at most two writes, and the handler writes EOI: exits of MSRs, or of APICv or AVIC.
constexpr std::uint32_t timer_writes = 3;
constexpr Row vmx_timer_also[] = {
    {EXIT_REASON_MSR_WRITE, Bound::at_most, expiries* timer_writes},
    {EXIT_REASON_APIC_WRITE, Bound::at_most, expiries* timer_writes},
    {EXIT_REASON_EOI_INDUCED, Bound::at_most, expiries* timer_writes},
    {EXIT_REASON_EXTERNAL_INTERRUPT, Bound::at_least, 0},
};
constexpr Row vmx_tick_also[] = {
    {EXIT_REASON_MSR_WRITE, Bound::at_most, timer_writes},
    {EXIT_REASON_APIC_WRITE, Bound::at_most, timer_writes},
    {EXIT_REASON_EOI_INDUCED, Bound::at_most, timer_writes},
    {EXIT_REASON_PREEMPTION_TIMER, Bound::at_most, 1},
};
constexpr Row svm_timer_also[] = {
    {SVM_EXIT_MSR, Bound::at_most, expiries* timer_writes},
    {SVM_EXIT_AVIC_INCOMPLETE_IPI, Bound::at_most, expiries* timer_writes},
    {SVM_EXIT_AVIC_UNACCELERATED_ACCESS, Bound::at_most, expiries* timer_writes},
};

// Not exact: the timer may expire while the vCPU is in the host, or while it moves to another processor
// (kvm_lapic_restart_hv_timer()). That is rare: at least one of eight expires while the guest runs.
constexpr Expectation vmx_timer{EXIT_REASON_PREEMPTION_TIMER,
                                Bound::at_least,
                                1,
                                "SDM vol. 3, VMX-Preemption Timer; start_hv_timer(), unless vcpu_load() "
                                "finds it expired: at least one of eight",
                                vmx_timer_also,
                                true};
constexpr Expectation svm_timer{SVM_EXIT_INTR, Bound::at_least, 1,
                                "APM vol. 2, INTR Intercept; start_sw_timer()'s hrtimer interrupts the host, "
                                "mostly while the guest runs: at least one of eight",
                                svm_timer_also};

constexpr Trigger timer(std::string_view name, std::string_view what, void (*prepare)(), void (*fire)(),
                        std::string_view (*lacks)()) {
    return {
        .name = name,
        .what = what,
        .vmx = vmx_timer,
        .svm = svm_timer,
        .fire = fire,
        .count = default_count / 50,
        .prepare = prepare,
        .clean_up = leave_apic_mode,
        .lacks = lacks,
        .excuse = why_no_preemption_timer,
    };
}

constexpr Trigger catalogue[] = {
    {
        .name = "interrupt.window",
        .what = "self-IPI by WRMSR IA32_X2APIC_ICR while IF=0; STI; NOP; the interrupt, its EOI",
        .vmx = {EXIT_REASON_INTERRUPT_WINDOW, Bound::exact, 1, SDM_OTHER_CAUSES "; vmx_enable_irq_window()",
                vmx_window_also},
        .svm = {SVM_EXIT_VINTR, Bound::exact, 1,
                "APM vol. 2, Injecting Virtual (INTR) Interrupts; svm_set_vintr() requests a dummy virtual "
                "interrupt to detect the window",
                svm_window_also},
        .fire = pass_window,
        .count = default_count / 5,
        .prepare = enter_apic_mode<ApicMode::x2apic>,
        .clean_up = leave_apic_mode,
        .lacks = why_apic_may_not_exit<ApicMode::x2apic>,
    },
    {
        .name = "interrupt.next-vcpu",
        .what = "WRMSR IA32_X2APIC_ICR: an interrupt to the next vCPU; EOI of the one from the previous vCPU",
        .vmx = {EXIT_REASON_MSR_WRITE, Bound::exact, 2,
                "ICR by handle_fastpath_set_x2apic_icr_irqoff(), EOI; vmx_reset_x2apic_msrs()", vmx_wait_also,
                true},
        .svm = {SVM_EXIT_MSR, Bound::exact, 2,
                "ICR and EOI: svm_set_x2apic_msr_interception() intercepts them while AVIC is off",
                svm_wait_also},
        .fire = interrupt_next,
        .count = default_count / 20,
        .prepare = enter_apic_mode<ApicMode::x2apic>,
        .clean_up = leave_apic_mode,
        .lacks = why_none_to_interrupt,
    },
    timer("interrupt.one-shot-timer", "eight times: arm the one-shot APIC timer, spin until it interrupts",
          enter_apic_mode<ApicMode::x2apic>, await_one_shot_timers, lacks<feature::x2apic>),
    timer(
        "interrupt.tsc-deadline", "eight times: WRMSR IA32_TSC_DEADLINE, spin until it interrupts",
        [] {
            enter_apic_mode<ApicMode::x2apic>();
            local_apic.use_tsc_deadline();
        },
        await_deadlines, lacks_deadlines),
    {
        .name = "interrupt.host-tick",
        .what = "spin for 24 ms of the APIC timer; the host's tick interrupts meanwhile",
        .vmx = {EXIT_REASON_EXTERNAL_INTERRUPT, Bound::at_least, 1,
                SDM_OTHER_CAUSES "; setup_vmcs_config() requires external-interrupt exiting", vmx_tick_also},
        .svm = {SVM_EXIT_INTR, Bound::at_least, 1,
                "APM vol. 2, INTR Intercept; init_vmcb() sets the intercept", svm_timer_also},
        .fire = await_host_tick,
        .count = 5,
        .prepare = enter_apic_mode<ApicMode::x2apic>,
        .clean_up = leave_apic_mode,
        .lacks = lacks<feature::x2apic>,
        .excuse = why_host_may_not_tick,
    },
};

}

std::span<const Trigger> interrupt_triggers() { return catalogue; }

}
