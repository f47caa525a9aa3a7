// Negative controls: what a KVM guest does without any VM exit.
#include "triggers/catalogue.hpp"

#include "machine/msr.hpp"
#include "machine/tsc.hpp"

#include <asm/svm.h>
#include <asm/vmx.h>

namespace triggers {
namespace {

constexpr Trigger control(std::string_view name, std::string_view what, const Expectation& vmx,
                          const Expectation& svm, void (*fire)())
{
    return {name, what, vmx, svm, default_count, nullptr, fire, nullptr};
}

constexpr Trigger catalogue[] = {
    control("control.rdtsc", "RDTSC",
            {EXIT_REASON_RDTSC, Bound::none, 0, "vmx_exec_control() clears RDTSC exiting"},
            {SVM_EXIT_RDTSC, Bound::none, 0, "init_vmcb() leaves the intercept clear"},
            [] { machine::rdtsc(); }),
    control("control.read-kernel-gs-base", "RDMSR KERNEL_GS_BASE",
            {EXIT_REASON_MSR_READ, Bound::none, 0, "vmx_create_vcpu() passes it through"},
            {SVM_EXIT_MSR, Bound::none, 0, "direct_access_msrs[] passes it through"},
            [] { machine::read_msr(machine::Msr::ia32_kernel_gs_base); }),
    control("control.swapgs", "SWAPGS, twice",
            {EXIT_REASON_MSR_WRITE, Bound::none, 0,
             "SDM vol. 3, 26.1: SWAPGS is not among the exiting instructions"},
            {SVM_EXIT_MSR, Bound::none, 0, "APM vol. 2, 15.9: SWAPGS has no intercept"},
            [] {
                asm volatile("swapgs; swapgs" : : : "memory");
            }),
};

}

std::span<const Trigger> control_triggers() { return catalogue; }

}
