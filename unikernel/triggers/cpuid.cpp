// CPUID: exits unconditionally on VMX, by intercept on SVM.
#include "triggers/catalogue.hpp"

#include "machine/cpuid.hpp"

#include <asm/svm.h>
#include <asm/vmx.h>

namespace triggers {
namespace {

constexpr Trigger catalogue[] = {
    {
        .name = "cpuid.leaf0",
        .what = "CPUID, EAX=0",
        .vmx = {EXIT_REASON_CPUID, Bound::exact, 1, "SDM vol. 3, 26.1.2: CPUID exits unconditionally"},
        .svm = {SVM_EXIT_CPUID, Bound::exact, 1, "APM vol. 2, 15.9; init_vmcb() sets the intercept"},
        .count = default_count,
        .prepare = nullptr,
        .fire = GUEST_CODE([] { machine::cpuid(0); }),
        .clean_up = nullptr,
    },
};

}

std::span<const Trigger> cpuid_triggers()
{
    return catalogue;
}

}
