// Exceptions of the guest's own: a few are intercepted by KVM and given back to the guest.
#include "triggers/catalogue.hpp"
#include "triggers/undefined.hpp"

#include "machine/control_registers.hpp"
#include "machine/user_mode.hpp"

#include <asm/kvm.h>
#include <asm/svm.h>
#include <asm/vmx.h>

namespace triggers {
namespace {

constexpr std::uint32_t count = 200;

// Without a row of its own, an exception that is intercepted after all shows in VMX's for
// all exceptions.
constexpr Expectation vmx_none(Exception raises,
                               std::string_view source = "vmx_update_exception_bitmap() leaves its bit clear")
{
    return {EXIT_REASON_EXCEPTION_NMI, Bound::none, 0, source, {}, false, raises};
}
constexpr Expectation vmx_intercepted(Exception raises)
{
    return {EXIT_REASON_EXCEPTION_NMI,
            Bound::exact,
            1,
            "vmx_update_exception_bitmap() sets its bit; KVM injects it",
            {},
            false,
            raises};
}
constexpr Expectation svm_none(Exception raises)
{
    return {SVM_EXIT_EXCP_BASE + static_cast<ExitNumber>(raises),
            Bound::none,
            0,
            "init_vmcb() leaves its intercept clear",
            {},
            false,
            raises};
}
constexpr Expectation svm_intercepted(Exception raises)
{
    return {SVM_EXIT_EXCP_BASE + static_cast<ExitNumber>(raises),
            Bound::exact,
            1,
            "init_vmcb() sets its intercept; KVM injects it",
            {},
            false,
            raises};
}

constexpr Trigger fault(std::string_view name, std::string_view what, Exception raises, void (*fire)())
{
    return {name, what, vmx_none(raises), svm_none(raises), count, nullptr, fire, nullptr};
}

constexpr Trigger trap(std::string_view name, std::string_view what, const Expectation& vmx,
                       const Expectation& svm, void (*prepare)(), void (*fire)(),
                       std::span<const Deviation> deviations = {})
{
    return {.name = name,
            .what = what,
            .vmx = vmx,
            .svm = svm,
            .count = count,
            .prepare = prepare,
            .fire = fire,
            .clean_up = nullptr,
            .deviations = deviations};
}

void expect_debug_trap() { machine::expect_trap(Exception::debug); }

constexpr Deviation page_fault_shadow[] = {
    {Where::with_shadow_paging,
     Numbering::vmx,
     {EXIT_REASON_EXCEPTION_NMI,
      Bound::exact,
      1,
      "vmx_need_pf_intercept(): KVM walks the page tables and injects the #PF",
      {},
      false,
      Exception::page_fault}}};

void int1() { asm volatile(MAY_FAULT(".byte 0xf1")); }

bool int1_is_undefined()
{
    expect_debug_trap();
    const bool undefined = machine::raises(Exception::invalid_opcode, int1);
    machine::expect_no_traps();
    return undefined;
}

constexpr Deviation int1_deviations[] = {
    {.where = Where::measured,
     .numbering = Numbering::svm,
     .instead = svm_undefined("QEMU's TCG, as seen of 7.2, does not know INT1: #UD"),
     .found = int1_is_undefined}};

void prepare_misaligned_read()
{
    machine::prepare_user_mode();
    machine::set(machine::Cr0::alignment_mask);
    machine::read_misaligned_in_user_mode(); // its page faults, where KVM shadows page tables, come here
}

void clean_up_misaligned_read()
{
    machine::clear(machine::Cr0::alignment_mask);
    machine::leave_user_mode_alone();
}

bool alignment_is_unchecked()
{
    prepare_misaligned_read();
    const bool checked = machine::raises(Exception::alignment_check, machine::read_misaligned_in_user_mode);
    clean_up_misaligned_read();
    return !checked;
}

constexpr Deviation ac_deviations[] = {
    {.where = Where::measured,
     .numbering = Numbering::svm,
     .instead = {SVM_EXIT_EXCP_BASE + AC_VECTOR, Bound::none, 0,
                 "QEMU's TCG, as seen up to 11.1, does not check alignment"},
     .found = alignment_is_unchecked}};

constexpr Trigger catalogue[] = {
    fault("exception.de", "DIV by 0: #DE", Exception::divide_error,
          [] {
              asm volatile(MAY_FAULT("divl %k1") : : "a"(1), "r"(0), "d"(0) : "cc");
          }),
    trap("exception.db", "single step by RFLAGS.TF: #DB", vmx_intercepted(Exception::debug),
         svm_intercepted(Exception::debug), expect_debug_trap,
         [] {
             asm volatile("pushfq; orl $0x100, (%%rsp); popfq; nop" : : : "memory", "cc");
         }),
    trap("exception.int1", "INT1 (ICEBP): #DB", vmx_intercepted(Exception::debug),
         {SVM_EXIT_ICEBP,
          Bound::none,
          0,
          "APM vol. 2, 15.12.2: not subject to #DB's intercept; init_vmcb() leaves its own clear",
          {},
          false,
          Exception::debug},
         expect_debug_trap, int1, int1_deviations),
    trap(
        "exception.bp", "INT3: #BP",
        vmx_none(Exception::breakpoint,
                 "vmx_update_exception_bitmap() sets its bit only for a debugger of the guest"),
        svm_none(Exception::breakpoint), [] { machine::expect_trap(Exception::breakpoint); },
        [] { asm volatile("int3"); }),
    {
        .name = "exception.ud",
        .what = "UD2: #UD",
        .vmx = vmx_intercepted(Exception::invalid_opcode),
        .svm = svm_intercepted(Exception::invalid_opcode),
        .count = count,
        .prepare = nullptr,
        .fire = [] { asm volatile(MAY_FAULT("ud2")); },
        .clean_up = nullptr,
    },
    fault("exception.nm", "FNOP with CR0.TS set: #NM", Exception::device_unavailable,
          [] {
              machine::set(machine::Cr0::task_switched);
              asm volatile(MAY_FAULT("fnop"));
              machine::clear_task_switched();
          }),
    {
        .name = "exception.ac",
        .what = "misaligned read at CPL 3 with CR0.AM and RFLAGS.AC set: #AC",
        .vmx = vmx_intercepted(Exception::alignment_check),
        .svm = svm_intercepted(Exception::alignment_check),
        .count = count,
        .prepare = prepare_misaligned_read,
        .fire = machine::read_misaligned_in_user_mode,
        .clean_up = clean_up_misaligned_read,
        .deviations = ac_deviations,
        .boot_vcpu_only = true, // its descriptors are shared
    },
    fault("exception.gp", "read of a non-canonical address: #GP", Exception::general_protection,
          [] {
              asm volatile(MAY_FAULT("movb (%0), %%al") : : "r"(std::uint64_t{1} << 63) : "rax");
          }),
    {
        .name = "exception.pf",
        .what = "read of an address that is not mapped: #PF",
        .vmx = vmx_none(Exception::page_fault,
                        "vmx_need_pf_intercept(): with EPT page faults are the guest's own"),
        .svm = svm_none(Exception::page_fault),
        .count = count,
        .prepare = nullptr,
        .fire = [] { asm volatile(MAY_FAULT("movb (%0), %%al")
                                  :
                                  : "r"(std::uint64_t{1} << 40)
                                  : "rax"); },
        .clean_up = nullptr,
        .deviations = page_fault_shadow,
    },
    {
        .name = "exception.intn",
        .what = "INT 0xff, whose handler returns at once",
        .vmx = {EXIT_REASON_EXCEPTION_NMI, Bound::none, 0,
                "SDM vol. 3, 26.1.3: software interrupts are not subject to the exception bitmap"},
        .svm = {SVM_EXIT_SWINT, Bound::none, 0, "init_vmcb() leaves the intercept clear"},
        .count = count,
        .prepare = nullptr,
        .fire = [] { asm volatile("int $0xff"); }, // Vector::spurious
        .clean_up = nullptr,
    },
};

}

std::span<const Trigger> exception_triggers() { return catalogue; }

}
