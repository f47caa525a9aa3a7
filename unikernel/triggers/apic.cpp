// The local APIC's registers: a page in xAPIC mode, MSRs in x2APIC mode.
#include "triggers/apic_mode.hpp"
#include "triggers/catalogue.hpp"

#include <asm/svm.h>
#include <asm/vmx.h>

namespace triggers {
namespace {

using namespace machine;

using Register = LocalApic::Register;

// Fires once, to touch all pages that a firing touches: the first touch of a page is the same exit.
template <ApicMode mode, void (*fire)()> void prepare() {
    enter_apic_mode<mode>();
    fire();
}

void read_version() { local_apic.read(Register::version); }

// Writes the value that the register has already.
void write_timer_divide() { local_apic.set_timer_clock(); }

void end_no_interrupt() { local_apic.end_of_interrupt(); }

void interrupt_self_by_command() { fire_and_await(send_counted_to_self); }

void interrupt_self_by_register() {
    this_cpu().due = true;
    fire_and_await([] { local_apic.write(Register::self_interrupt, counted_vector); });
}

void interrupt_own_id() {
    this_cpu().due = true;
    fire_and_await([] { local_apic.send_to(this_cpu().apic_id, Delivery::fixed, counted_vector); });
}

constexpr std::string_view vmx_page = "SDM vol. 3, EPT Violations; kvm_faultin_pfn() does not map the "
                                      "APIC-access page while APICv is off, and KVM emulates";
constexpr std::string_view vmx_shadowed = "SDM vol. 3, Page-Fault Exceptions; vmx_update_exception_bitmap() "
                                          "intercepts #PF without EPT, and KVM emulates";
constexpr std::string_view svm_page =
    APM_NESTED_FAULTS "; kvm_mmu_page_fault() emulates accesses outside the memory slots";
constexpr std::string_view vmx_msr =
    SDM_CONDITIONAL "; vmx_reset_x2apic_msrs() intercepts it while APICv is off";
constexpr std::string_view vmx_command = "handle_fastpath_set_x2apic_icr_irqoff() handles the exit without "
                                         "its exit handler; the write of EOI exits too";
constexpr std::string_view svm_msr =
    APM_MSRS "; svm_set_x2apic_msr_interception() intercepts it while AVIC is off";

constexpr std::string_view vmx_page_read = "as for a write; before Linux 6.12 retry_instruction() first "
                                           "retries it, because no write to a page table caused it";

struct PageExits {
    Bound vmx_bound;
    std::uint32_t exits;
    std::string_view vmx_source, shadowed_source;
};
constexpr PageExits page_read{Bound::at_least, 1, vmx_page_read, vmx_page_read};
constexpr PageExits page_write{Bound::exact, 1, vmx_page, vmx_shadowed};
constexpr PageExits page_interrupt{Bound::exact, 2, vmx_page, vmx_shadowed}; // ICR, and EOI by the handler

template <const PageExits& page>
constexpr Deviation page_deviations[] = {
    vmx_shadowing({EXIT_REASON_EXCEPTION_NMI, page.vmx_bound, page.exits, page.shadowed_source}),
};

constexpr std::uint32_t firings = default_count / 5;

template <const PageExits& page>
constexpr Trigger on_page(std::string_view name, std::string_view what, void (*prepare)(), void (*fire)()) {
    return {
        .name = name,
        .what = what,
        .vmx = {EXIT_REASON_EPT_VIOLATION, page.vmx_bound, page.exits, page.vmx_source},
        .svm = {SVM_EXIT_NPF, Bound::exact, page.exits, svm_page},
        .fire = fire,
        .count = firings,
        .prepare = prepare,
        .clean_up = leave_apic_mode,
        .lacks = why_apic_may_not_exit<ApicMode::xapic>,
        .deviations = page_deviations<page>,
    };
}

constexpr Trigger by_msr(std::string_view name, std::string_view what, const Expectation& vmx,
                         void (*fire)()) {
    return {
        .name = name,
        .what = what,
        .vmx = vmx,
        .svm = {SVM_EXIT_MSR, Bound::exact, vmx.per_firing, svm_msr},
        .fire = fire,
        .count = firings,
        .prepare = enter_apic_mode<ApicMode::x2apic>,
        .clean_up = leave_apic_mode,
        .lacks = why_apic_may_not_exit<ApicMode::x2apic>,
    };
}

constexpr Expectation msr_read{EXIT_REASON_MSR_READ, Bound::exact, 1, vmx_msr};
constexpr Expectation msr_write{EXIT_REASON_MSR_WRITE, Bound::exact, 1, vmx_msr};
constexpr Expectation msr_interrupt{EXIT_REASON_MSR_WRITE, Bound::exact, 2, vmx_msr};
constexpr Expectation msr_command{EXIT_REASON_MSR_WRITE, Bound::exact, 2, vmx_command, {}, true};

constexpr Trigger catalogue[] = {
    on_page<page_read>("apic.read-version", "MOV from the APIC's page: the version",
                       prepare<ApicMode::xapic, read_version>, read_version),
    on_page<page_write>("apic.write-timer-divide", "MOV to the APIC's page: the timer's divisor, unchanged",
                        prepare<ApicMode::xapic, write_timer_divide>, write_timer_divide),
    on_page<page_write>("apic.eoi", "MOV to EOI in the APIC's page, though no interrupt is in service",
                        prepare<ApicMode::xapic, end_no_interrupt>, end_no_interrupt),
    on_page<page_interrupt>("apic.self-ipi", "MOV to ICR in the APIC's page: a self-IPI, and its EOI",
                            prepare<ApicMode::xapic, interrupt_self_by_command>, interrupt_self_by_command),
};

constexpr Trigger x2apic_catalogue[] = {
    by_msr("x2apic.read-version", "RDMSR IA32_X2APIC_VERSION", msr_read, read_version),
    by_msr("x2apic.write-timer-divide", "WRMSR IA32_X2APIC_DIV_CONF, its own value", msr_write,
           write_timer_divide),
    by_msr("x2apic.eoi", "WRMSR IA32_X2APIC_EOI, though no interrupt is in service", msr_write,
           end_no_interrupt),
    by_msr("x2apic.self-ipi", "WRMSR IA32_X2APIC_SELF_IPI, and the interrupt's EOI", msr_interrupt,
           interrupt_self_by_register),
    by_msr("x2apic.icr", "WRMSR IA32_X2APIC_ICR: a fixed interrupt to this vCPU's APIC ID, and its EOI",
           msr_command, interrupt_own_id),
};

}

std::span<const Trigger> apic_triggers() { return catalogue; }

std::span<const Trigger> x2apic_triggers() { return x2apic_catalogue; }

}
