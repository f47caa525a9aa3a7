// Exits of a nested guest, which the guest runs. The processor exits to KVM, which forwards what the guest
// intercepts and handles the rest. Both are one exit, counted by its own number, besides the VMRUN or
// VMRESUME that entered the nested guest. KVM's statistics of I/O and HLT leave out what it forwards, so no
// trigger here relies on them.
#include "triggers/catalogue.hpp"

#include "kvm_exit_ledger.h"
#include "machine/io.hpp"
#include "machine/msr.hpp"
#include "machine/nested.hpp"

#include <asm/kvm.h>
#include <asm/svm.h>
#include <asm/vmx.h>

namespace triggers {
namespace {

using namespace machine;

constexpr Row vmx_entry[] = {{EXIT_REASON_VMRESUME, Bound::exact, 1}};
constexpr Row svm_entry[] = {{SVM_EXIT_VMRUN, Bound::exact, 1}};
constexpr Row vmx_entry_and_rdmsrs[] = {{EXIT_REASON_VMRESUME, Bound::exact, 1},
                                        {EXIT_REASON_MSR_READ, Bound::exact, 2}};
constexpr Row svm_entry_and_rdmsr[] = {{SVM_EXIT_VMRUN, Bound::exact, 1}, {SVM_EXIT_MSR, Bound::exact, 1}};
constexpr Row svm_entry_and_rdmsrs[] = {{SVM_EXIT_VMRUN, Bound::exact, 1}, {SVM_EXIT_MSR, Bound::exact, 2}};

constexpr Expectation vmx_unhandled{
    .exit = EXIT_REASON_VMRESUME,
    .bound = Bound::exact,
    .per_firing = 1,
    .source = SDM_CONDITIONAL
    "; nested_vmx_l1_wants_exit() forwards RDTSC; kvm_vmx_exit_handlers[] has no handler for it",
    .totals_only = 1};
constexpr Expectation svm_unhandled{
    .exit = SVM_EXIT_VMRUN,
    .bound = Bound::exact,
    .per_firing = 1,
    .source =
        APM_INSTRUCTIONS "; nested_svm_intercept() forwards RDTSC; svm_exit_handlers[] has no handler for it",
    .totals_only = 1};

void run() { run_nested_guest(); }

// There is one nested guest at a time.
constexpr Trigger nested(std::string_view name, std::string_view what, const Expectation& vmx,
                         const Expectation& svm, void (*prepare)(), void (*fire)() = run) {
    return {.name = name,
            .what = what,
            .vmx = vmx,
            .svm = svm,
            .fire = fire,
            .count = default_count / 2, // a firing switches guests twice
            .prepare = prepare,
            .clean_up = stop_nested_guest,
            .lacks = nested_guest_obstacle,
            .boot_vcpu_only = true};
}

constexpr Trigger catalogue[] = {
    nested(
        "nested.cpuid", "entry of a nested guest; its CPUID, which its hypervisor intercepts",
        {EXIT_REASON_CPUID, Bound::exact, 1,
         SDM_UNCONDITIONAL "; nested_vmx_l1_wants_exit() always forwards CPUID", vmx_entry},
        {SVM_EXIT_CPUID, Bound::exact, 1, APM_INSTRUCTIONS "; nested_svm_intercept() forwards it", svm_entry},
        [] { start_nested_guest(nested_cpuid); }),
    nested("nested.undefined", "entry of a nested guest; its UD2, whose #UD its hypervisor intercepts",
           {EXIT_REASON_EXCEPTION_NMI, Bound::exact, 1,
            SDM_OTHER_CAUSES "; nested_vmx_l1_wants_exit() checks the exception bitmap", vmx_entry},
           {SVM_EXIT_EXCP_BASE + UD_VECTOR, Bound::exact, 1,
            "APM vol. 2, Exception Intercepts; nested_svm_exit_special() leaves it to ud_interception(), "
            "which queues a #UD; svm_check_nested_events() turns it into the #VMEXIT, without another exit",
            svm_entry},
           [] { start_nested_guest(nested_undefined); }),
    nested(
        "nested.rdmsr",
        "entry of a nested guest; its RDMSR twice: of IA32_APIC_BASE, which KVM answers, and of 0xdeadbeef, "
        "which exits to its hypervisor",
        {EXIT_REASON_MSR_READ, Bound::exact, 2,
         SDM_CONDITIONAL "; nested_vmx_exit_handled_msr() checks the hypervisor's bitmap", vmx_entry},
        {SVM_EXIT_MSR, Bound::exact, 2,
         APM_MSRS "; nested_svm_exit_handled_msr() checks the hypervisor's bitmap", svm_entry},
        [] { start_nested_guest(nested_rdmsr); },
        [] { run_nested_guest(static_cast<std::uint32_t>(Msr::ia32_apic_base)); }),
    nested(
        "nested.out",
        "entry of a nested guest; its OUT to a port that KVM leaves to user space, between the two RDMSR",
        {EXIT_REASON_IO_INSTRUCTION, Bound::exact, 1,
         SDM_CONDITIONAL "; nested_vmx_exit_handled_io() leaves it to handle_io()", vmx_entry_and_rdmsrs},
        {SVM_EXIT_IOIO, Bound::exact, 1,
         "APM vol. 2, IOIO Intercepts; nested_svm_intercept_ioio() leaves it to io_interception()",
         svm_entry_and_rdmsrs},
        [] { start_nested_guest(nested_out); },
        [] {
            run_nested_guest(static_cast<std::uint32_t>(Msr::ia32_apic_base),
                             static_cast<std::uint32_t>(Port::unused));
        }),
    nested("nested.rdtsc",
           "entry of a nested guest; its RDTSC, which its hypervisor intercepts and KVM has no handler for",
           vmx_unhandled, svm_unhandled, [] { start_nested_guest(nested_rdtsc); }),
    nested("nested.query",
           "entry of a nested guest; its query of the ledger by CPUID, which SVM leaves to KVM; on SVM also "
           "RDMSR of 0xdeadbeef",
           {EXIT_REASON_CPUID, Bound::exact, 1,
            SDM_UNCONDITIONAL ": exits to its hypervisor, which cannot leave it to KVM", vmx_entry},
           {SVM_EXIT_CPUID, Bound::exact, 1,
            APM_INSTRUCTIONS "; nested_svm_intercept() leaves it to kvm_emulate_cpuid()",
            svm_entry_and_rdmsr},
           [] {
               nested_leaf = KVM_EXIT_LEDGER_LEAF_EXIT_COUNT;
               start_nested_guest(nested_query, NestedCpuid::left_to_host);
           }),
};

}

std::span<const Trigger> nested_triggers() { return catalogue; }

}
