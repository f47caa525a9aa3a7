// Instructions that wait: for a store, until a time, or briefly in a loop.
#include "triggers/catalogue.hpp"
#include "triggers/undefined.hpp"
#include "triggers/wakeup.hpp"

#include "machine/apic.hpp"
#include "machine/hypervisor.hpp"
#include "machine/interrupts.hpp"
#include "machine/tsc.hpp"

#include <array>

namespace triggers {
namespace {

using namespace machine;

// The processor counts or times PAUSEs only while they follow each other within fewer cycles (ple_gap,
// pause_filter_thresh; both 128).
constexpr std::uint64_t more_than_the_gap = 2000;

void pause_once() {
    asm volatile("pause");
    for (const auto start = rdtsc(); rdtsc() - start < more_than_the_gap;) {
    }
}

// KVM doubles the limit of a loop each time that it exits. It resets the limit to its parameters, 4096 cycles
// or 3000 PAUSEs, when the vCPU's thread has slept (grow_ple_window(), shrink_ple_window()). The thread
// sleeps in a HLT that lasts longer than KVM polls (halt_poll_ns, 200 microseconds).
constexpr std::uint32_t long_sleep = 1'000'000; // of the timer's ticks

void sleep_and_pause() {
    constexpr std::uint32_t pauses = 5000;
    local_apic.start_one_shot_timer(long_sleep);
    halt_until_interrupt();
    auto left = pauses;
    asm volatile("1: pause; dec %0; jnz 1b" : "+r"(left) : : "memory", "cc");
}

template <std::size_t Rows>
constexpr std::array<Row, Rows + 1> and_hlt(const Row (&rows)[Rows], ExitNumber hlt) {
    std::array<Row, Rows + 1> all{};
    for (std::size_t i = 0; i < Rows; i++) all[i] = rows[i];
    all[Rows] = {hlt, Bound::exact, 1};
    return all;
}
constexpr auto vmx_loop_also = and_hlt(vmx_wakeup, EXIT_REASON_HLT);
constexpr auto svm_loop_also = and_hlt(svm_wakeup, SVM_EXIT_HLT);

constexpr std::string_view no_filter_source =
    "svm_vm_init(): PAUSE is not intercepted where the processor cannot filter it";
constexpr Deviation pause_loop_deviations[] = {
    {Where::on_qemu, Numbering::svm,
     never(SVM_EXIT_PAUSE,
           "QEMU's emulation switches to another processor at each PAUSE, for long if that is busy"),
     qemu_11_1, true},
    {Where::on_bochs,
     Numbering::svm,
     {SVM_EXIT_PAUSE, Bound::none, 0, no_filter_source, svm_loop_also},
     bochs_3_0},
};

// Where the processor has MONITOR and MWAIT, the exit comes before they do anything.
constexpr std::string_view vmx_monitor_source =
    SDM_CONDITIONAL "; setup_vmcs_config() requires MONITOR exiting";
constexpr std::string_view vmx_mwait_source = SDM_CONDITIONAL "; setup_vmcs_config() requires MWAIT exiting";
constexpr std::string_view svm_source = APM_INSTRUCTIONS "; init_vmcb() sets the intercept";

std::string_view why_mwait_may_not_exit() {
    return has(feature::monitor) ? "this VM's MONITOR and MWAIT do not exit: CPUID offers them" : "";
}

constexpr Expectation vmx_user_wait(ExitNumber exit) {
    return never(exit, "vmx_exec_control() clears RDTSC exiting, which covers this",
                 "no processor that a lane emulates has it");
}
constexpr auto svm_user_wait =
    never(svm_undefined_exit, APM_INSTRUCTIONS ": no intercept", "AMD's processors have no WAITPKG");

void monitor() { asm volatile(MAY_FAULT("monitor") : : "a"(&svm_source), "c"(0), "d"(0) : "memory"); }
void mwait() { asm volatile(MAY_FAULT("mwait") : : "a"(0), "c"(0) : "memory"); }
void tpause() { asm volatile("tpause %0" : : "r"(0), "a"(0), "d"(0)); }
void umwait() { asm volatile("umwait %0" : : "r"(0), "a"(0), "d"(0)); }

constexpr Trigger catalogue[] = {
    {
        .name = "wait.monitor",
        .what = "MONITOR",
        .vmx = {EXIT_REASON_MONITOR_INSTRUCTION, Bound::exact, 1, vmx_monitor_source},
        .svm = {SVM_EXIT_MONITOR, Bound::exact, 1, svm_source},
        .fire = monitor,
        .excuse = why_mwait_may_not_exit,
    },
    {
        .name = "wait.mwait",
        .what = "MWAIT, with no address monitored",
        .vmx = {EXIT_REASON_MWAIT_INSTRUCTION, Bound::exact, 1, vmx_mwait_source},
        .svm = {SVM_EXIT_MWAIT, Bound::exact, 1, svm_source},
        .fire = mwait,
        .hazard = []() -> std::string_view {
            return is_kvm() ? "" : "where the hypervisor is not KVM, MWAIT may wait for an interrupt";
        },
        .excuse = why_mwait_may_not_exit,
    },
    {
        .name = "wait.pause",
        .what = "PAUSE, and no other one for 2000 cycles",
        .vmx =
            never(EXIT_REASON_PAUSE_INSTRUCTION, "vmx_exec_control() clears PAUSE exiting; " SDM_CONDITIONAL
                                                 ": PAUSE-loop exiting needs PAUSEs within PLE_Gap"),
        .svm = never(SVM_EXIT_PAUSE, "init_vmcb() enables the PAUSE filter; APM vol. 2, Pause Intercept "
                                     "Filtering: a gap above the threshold reloads the filter's count"),
        .fire = pause_once,
        .count = default_count / 10, // QEMU's emulation switches to another processor at each
    },
    {
        .name = "wait.pause-loop",
        .what = "STI; HLT for 1 ms; then 5000 PAUSEs in a loop",
        .vmx = {EXIT_REASON_PAUSE_INSTRUCTION, Bound::at_least, 1,
                SDM_CONDITIONAL "; setup_vmcs_config() enables PAUSE-loop exiting, ple_window is 4096 cycles",
                vmx_loop_also},
        .svm = unseen("no AMD processor that a lane emulates has both PAUSE filter and threshold",
                      {SVM_EXIT_PAUSE, Bound::at_least, 1,
                       "APM vol. 2, Pause Intercept Filtering; init_vmcb() sets the intercept, "
                       "pause_filter_count is 3000",
                       svm_loop_also}),
        .fire = sleep_and_pause,
        .count = default_count / 10,
        .clean_up = [] { local_apic.start_one_shot_timer(0); },
        .hazard = why_halt_may_not_end,
        .excuse = []() -> std::string_view {
            return "this VM's PAUSE loops do not exit: the processor cannot detect them, or KVM is "
                   "configured not to";
        },
        .deviations = pause_loop_deviations,
    },
    {
        .name = "wait.tpause",
        .what = "TPAUSE until a time in the past",
        .vmx = vmx_user_wait(EXIT_REASON_TPAUSE),
        .svm = svm_user_wait,
        .fire = tpause,
        .lacks = lacks<feature::waitpkg>,
    },
    {
        .name = "wait.umwait",
        .what = "UMWAIT, with no address monitored",
        .vmx = vmx_user_wait(EXIT_REASON_UMWAIT),
        .svm = svm_user_wait,
        .fire = umwait,
        .lacks = lacks<feature::waitpkg>,
    },
};

}

std::span<const Trigger> wait_triggers() { return catalogue; }

}
