// RDMSR and WRMSR of registers that KVM's MSR bitmaps leave intercepted.
#include "triggers/catalogue.hpp"

#include "machine/msr.hpp"
#include "machine/this_cpu.hpp"

#include <asm/svm.h>
#include <asm/vmx.h>

#include <array>

namespace triggers {
namespace {

using machine::Msr;

constexpr std::string_view vmx_source = "SDM vol. 3, 26.1.3; not in vmx_possible_passthrough_msrs[]";
constexpr std::string_view vmx_fastpath_source = "handle_fastpath_set_msr_irqoff(): exits, re-enters without the exit handler";
constexpr std::string_view svm_source = "APM vol. 2, 15.11; not in direct_access_msrs[]";

constexpr Expectation vmx_read{EXIT_REASON_MSR_READ, Bound::exact, 1, vmx_source};
constexpr Expectation vmx_write{EXIT_REASON_MSR_WRITE, Bound::exact, 1, vmx_source};
constexpr Expectation vmx_fastpath_write{EXIT_REASON_MSR_WRITE, Bound::exact, 1, vmx_fastpath_source, {}, true};
constexpr Expectation svm_either{SVM_EXIT_MSR, Bound::exact, 1, svm_source};

// Writes put back what this vCPU read, so that they change nothing but the ledger.
[[maybe_unused]] constinit std::array<std::uint64_t, machine::max_processors> all_saved{};

[[maybe_unused]] std::uint64_t& saved()
{
    return all_saved[machine::this_cpu().index];
}

template <Msr msr>
void save()
{
    saved() = machine::read_msr(msr);
}

constexpr Trigger simple(std::string_view name, std::string_view what, const Expectation& vmx, void (*prepare)(), void (*fire)())
{
    return {name, what, vmx, svm_either, default_count, prepare, fire, nullptr};
}

constexpr Trigger catalogue[] = {
    simple("msr.read-apic-base", "RDMSR IA32_APIC_BASE", vmx_read, nullptr,
           GUEST_CODE([] { machine::read_msr(Msr::apic_base); })),
    simple("msr.read-misc-enable", "RDMSR IA32_MISC_ENABLE", vmx_read, nullptr,
           GUEST_CODE([] { machine::read_msr(Msr::misc_enable); })),
    simple("msr.write-misc-enable", "WRMSR IA32_MISC_ENABLE, its own value", vmx_write,
           GUEST_CODE(save<Msr::misc_enable>),
           GUEST_CODE([] { machine::write_msr(Msr::misc_enable, saved()); })),
    simple("msr.write-tsc-deadline", "WRMSR IA32_TSC_DEADLINE, 0: disarms", vmx_fastpath_write, nullptr,
           GUEST_CODE([] { machine::write_msr(Msr::tsc_deadline, 0); })),
};

}

std::span<const Trigger> msr_triggers()
{
    return catalogue;
}

}
