// CPUID: exits unconditionally on VMX, by intercept on SVM.
#include "triggers/catalogue.hpp"

#include "machine/cpuid.hpp"

#include <asm/svm.h>
#include <asm/vmx.h>

namespace triggers {
namespace {

constexpr Expectation vmx_once{EXIT_REASON_CPUID, Bound::exact, 1, "SDM vol. 3, 26.1.2: CPUID exits unconditionally"};
constexpr Expectation svm_once{SVM_EXIT_CPUID, Bound::exact, 1, "APM vol. 2, 15.9; init_vmcb() sets the intercept"};

constexpr Trigger leaf(std::string_view name, std::string_view what, void (*fire)())
{
    return {name, what, vmx_once, svm_once, default_count, nullptr, fire, nullptr};
}

// Leaves that KVM finds by different ways: in the VM's table, by their subleaf, in the
// range of hypervisors, not at all.
constexpr Trigger catalogue[] = {
    leaf("cpuid.leaf0", "CPUID, EAX=0", GUEST_CODE([] { machine::cpuid(0); })),
    leaf("cpuid.xsave", "CPUID, EAX=0xd, ECX=1: a leaf with subleaves", GUEST_CODE([] { machine::cpuid(0xd, 1); })),
    leaf("cpuid.hypervisor", "CPUID, EAX=0x40000000", GUEST_CODE([] { machine::cpuid(0x40000000); })),
    leaf("cpuid.extended", "CPUID, EAX=0x80000000", GUEST_CODE([] { machine::cpuid(0x80000000); })),
    leaf("cpuid.out-of-range", "CPUID, EAX=0x10000000, beyond the basic leaves", GUEST_CODE([] { machine::cpuid(0x10000000); })),
};

}

std::span<const Trigger> cpuid_triggers()
{
    return catalogue;
}

}
