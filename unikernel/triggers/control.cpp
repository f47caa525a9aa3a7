// Negative controls: instructions that cause no VM exit in a KVM guest.
#include "triggers/catalogue.hpp"

#include "machine/msr.hpp"
#include "machine/tsc.hpp"

#include <asm/svm.h>
#include <asm/vmx.h>

namespace triggers {
namespace {

using namespace machine;

constexpr Trigger catalogue[] = {
    {"control.rdtsc", "RDTSC", never(EXIT_REASON_RDTSC, "vmx_exec_control() clears RDTSC exiting"),
     never(SVM_EXIT_RDTSC, "init_vmcb() leaves the intercept clear"), [] { rdtsc(); }},
    {"control.read-kernel-gs-base", "RDMSR KERNEL_GS_BASE",
     never(EXIT_REASON_MSR_READ, "vmx_create_vcpu() passes it through"),
     never(SVM_EXIT_MSR, "direct_access_msrs[] passes it through"),
     [] { read_msr(Msr::ia32_kernel_gs_base); }},
    {"control.swapgs", "SWAPGS, twice",
     never(EXIT_REASON_MSR_WRITE, SDM_INSTRUCTIONS ": SWAPGS is not listed"),
     never(SVM_EXIT_MSR, APM_INSTRUCTIONS ": SWAPGS has no intercept"),
     [] { asm volatile("swapgs; swapgs"); }},
};

}

std::span<const Trigger> control_triggers() { return catalogue; }

}
