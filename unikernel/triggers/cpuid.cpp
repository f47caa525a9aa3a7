// CPUID: exits unconditionally on VMX, by intercept on SVM.
#include "triggers/catalogue.hpp"

#include "machine/cpuid.hpp"
#include "machine/msr.hpp"
#include "machine/user_mode.hpp"

#include <asm/svm.h>
#include <asm/vmx.h>

namespace triggers {
namespace {

using namespace machine;

constexpr Expectation vmx_once{EXIT_REASON_CPUID, Bound::exact, 1, SDM_UNCONDITIONAL};
constexpr Expectation svm_once{SVM_EXIT_CPUID, Bound::exact, 1,
                               APM_INSTRUCTIONS "; init_vmcb() sets the intercept"};

// SDM vol. 4, Model-Specific Registers (MSRs): MSR_PLATFORM_INFO[31], MISC_FEATURE_ENABLES[0]. KVM emulates
// both on any processor (kvm_get_msr_common()).
std::string_view lacks_faulting() {
    constexpr std::uint64_t can_fault = std::uint64_t{1} << 31;
    const auto platform = try_read_msr(Msr::msr_platform_info);
    return platform && *platform & can_fault ? "" : "this vCPU has no CPUID faulting";
}

void prepare_faulting() {
    write_msr(Msr::misc_feature_enables, 1);
    set_up_user_mode();
    query_in_user_mode(); // takes its page faults now, where KVM shadows page tables
}

constexpr std::string_view faulting_source =
    "kvm_emulate_cpuid() raises #GP at CPL 3 if cpuid_fault_enabled()";

// KVM finds these leaves in different ways: in the VM's table, by subleaf, in the hypervisor range, or not at
// all.
constexpr Trigger catalogue[] = {
    {"cpuid.leaf0", "CPUID, EAX=0", vmx_once, svm_once, [] { cpuid(0); }},
    {"cpuid.xsave", "CPUID, EAX=0xd, ECX=1: a leaf with subleaves", vmx_once, svm_once,
     [] { cpuid(0xd, 1); }},
    {"cpuid.hypervisor", "CPUID, EAX=0x40000000", vmx_once, svm_once, [] { cpuid(0x40000000); }},
    {"cpuid.extended", "CPUID, EAX=0x80000000", vmx_once, svm_once, [] { cpuid(0x80000000); }},
    {"cpuid.out-of-range", "CPUID, EAX=0x10000000, beyond the basic leaves", vmx_once, svm_once,
     [] { cpuid(0x10000000); }},
    {
        .name = "cpuid.faulting",
        .what = "CPUID at CPL 3 with CPUID faulting on: #GP",
        .vmx = raising(Exception::general_protection, {EXIT_REASON_CPUID, Bound::exact, 1, faulting_source}),
        .svm = raising(Exception::general_protection, {SVM_EXIT_CPUID, Bound::exact, 1, faulting_source}),
        .fire = query_in_user_mode,
        .prepare = prepare_faulting,
        .clean_up =
            [] {
                tear_down_user_mode();
                write_msr(Msr::misc_feature_enables, 0);
            },
        .lacks = lacks_faulting,
        .boot_vcpu_only = true, // the descriptors of CPL 3 are shared
    },
};

}

std::span<const Trigger> cpuid_triggers() { return catalogue; }

}
