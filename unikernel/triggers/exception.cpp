// Exceptions in the guest. KVM intercepts a few, and injects them again.
#include "triggers/catalogue.hpp"
#include "triggers/undefined.hpp"

#include "machine/control_registers.hpp"
#include "machine/user_mode.hpp"

#include <asm/kvm.h>
#include <asm/svm.h>
#include <asm/vmx.h>

namespace triggers {
namespace {

using namespace machine;

// VMX has one row for all exceptions, so any that is intercepted after all appears there.
constexpr Expectation
vmx_none(Exception raises, std::string_view source = "vmx_update_exception_bitmap() leaves its bit clear") {
    return raising(raises, never(EXIT_REASON_EXCEPTION_NMI, source));
}
constexpr Expectation vmx_intercepted(Exception raises) {
    return raising(raises, {EXIT_REASON_EXCEPTION_NMI, Bound::exact, 1,
                            "vmx_update_exception_bitmap() sets its bit; KVM injects it"});
}
constexpr Expectation svm_none(Exception raises) {
    return raising(raises, never(SVM_EXIT_EXCP_BASE + static_cast<ExitNumber>(raises),
                                 "init_vmcb() leaves its intercept clear"));
}
constexpr Expectation svm_intercepted(Exception raises) {
    return raising(raises, {SVM_EXIT_EXCP_BASE + static_cast<ExitNumber>(raises), Bound::exact, 1,
                            "init_vmcb() sets its intercept; KVM injects it"});
}

void expect_debug_trap() { expect_trap(Exception::debug); }

constexpr Deviation page_fault_shadow[] = {vmx_shadowing(raising(
    Exception::page_fault, {EXIT_REASON_EXCEPTION_NMI, Bound::exact, 1,
                            "vmx_need_pf_intercept(): KVM walks the page tables and injects the #PF"}))};

void int1() { asm volatile(MAY_FAULT(".byte 0xf1")); }

bool int1_is_undefined() {
    expect_debug_trap();
    const bool undefined = raises(Exception::invalid_opcode, int1);
    expect_no_traps();
    return undefined;
}

constexpr Deviation int1_deviations[] = {
    svm_measured(int1_is_undefined, svm_undefined("QEMU's TCG (seen in 7.2) does not implement INT1: #UD"))};

void prepare_misaligned_read() {
    set_up_user_mode();
    set(Cr0::alignment_mask);
    read_misaligned_in_user_mode(); // takes its page faults now, where KVM shadows page tables
}

void clean_up_misaligned_read() {
    clear(Cr0::alignment_mask);
    tear_down_user_mode();
}

bool alignment_is_unchecked() {
    prepare_misaligned_read();
    const bool checked = raises(Exception::alignment_check, read_misaligned_in_user_mode);
    clean_up_misaligned_read();
    return !checked;
}

constexpr Deviation ac_deviations[] = {
    svm_measured(alignment_is_unchecked, never(SVM_EXIT_EXCP_BASE + AC_VECTOR,
                                               "QEMU's TCG (seen up to 11.1) does not check alignment"))};

void divide_by_zero() { asm volatile(MAY_FAULT("divl %k1") : : "a"(1), "r"(0), "d"(0)); }
void single_step() { asm volatile("pushfq; orl $0x100, (%%rsp); popfq; nop" : : : "memory"); }
void read_non_canonical() {
    asm volatile(MAY_FAULT("movb (%0), %%al") : : "r"(std::uint64_t{1} << 63) : "rax");
}
void read_unmapped() { asm volatile(MAY_FAULT("movb (%0), %%al") : : "r"(std::uint64_t{1} << 40) : "rax"); }

constexpr Trigger catalogue[] = {
    {"exception.de", "DIV by 0: #DE", vmx_none(Exception::divide_error), svm_none(Exception::divide_error),
     divide_by_zero},
    {
        .name = "exception.db",
        .what = "single step by RFLAGS.TF: #DB",
        .vmx = vmx_intercepted(Exception::debug),
        .svm = svm_intercepted(Exception::debug),
        .fire = single_step,
        .prepare = expect_debug_trap,
    },
    {
        .name = "exception.int1",
        .what = "INT1 (ICEBP): #DB",
        .vmx = vmx_intercepted(Exception::debug),
        .svm = raising(Exception::debug,
                       {SVM_EXIT_ICEBP, Bound::at_most, 1,
                        "APM vol. 2, Exception Intercepts, #DB (Debug): not subject to the intercept of #DB; "
                        "init_vmcb() sets its own in Linux 7.3, and leaves it clear in 6.1 and 6.12"}),
        .fire = int1,
        .prepare = expect_debug_trap,
        .deviations = int1_deviations,
    },
    {
        .name = "exception.bp",
        .what = "INT3: #BP",
        .vmx = vmx_none(Exception::breakpoint,
                        "vmx_update_exception_bitmap() sets its bit only for a debugger of the guest"),
        .svm = svm_none(Exception::breakpoint),
        .fire = [] { asm volatile("int3"); },
        .prepare = [] { expect_trap(Exception::breakpoint); },
    },
    {"exception.ud", "UD2: #UD", vmx_intercepted(Exception::invalid_opcode),
     svm_intercepted(Exception::invalid_opcode), [] { asm volatile(MAY_FAULT("ud2")); }},
    {"exception.nm", "FNOP with CR0.TS set: #NM", vmx_none(Exception::device_unavailable),
     svm_none(Exception::device_unavailable),
     [] {
         set(Cr0::task_switched);
         asm volatile(MAY_FAULT("fnop"));
         clear_task_switched();
     }},
    {
        .name = "exception.ac",
        .what = "misaligned read at CPL 3 with CR0.AM and RFLAGS.AC set: #AC",
        .vmx = vmx_intercepted(Exception::alignment_check),
        .svm = svm_intercepted(Exception::alignment_check),
        .fire = read_misaligned_in_user_mode,
        .prepare = prepare_misaligned_read,
        .clean_up = clean_up_misaligned_read,
        .deviations = ac_deviations,
        .boot_vcpu_only = true, // the descriptors of CPL 3 are shared
    },
    {"exception.gp", "read of a non-canonical address: #GP", vmx_none(Exception::general_protection),
     svm_none(Exception::general_protection), read_non_canonical},
    {
        .name = "exception.pf",
        .what = "read of an address that is not mapped: #PF",
        .vmx = vmx_none(Exception::page_fault,
                        "vmx_need_pf_intercept(): with EPT, page faults stay in the guest"),
        .svm = svm_none(Exception::page_fault),
        .fire = read_unmapped,
        .deviations = page_fault_shadow,
    },
    {"exception.intn", "INT 0xff, whose handler returns at once",
     never(EXIT_REASON_EXCEPTION_NMI,
           SDM_CONDITIONAL ": software interrupts are not subject to the exception bitmap"),
     never(SVM_EXIT_SWINT, "init_vmcb() leaves the intercept clear"),
     [] { asm volatile("int $0xff"); }}, // Vector::spurious
};

}

std::span<const Trigger> exception_triggers() { return catalogue; }

}
