// Triggers that end the guest. The host's own instruments must report the last exit.
#include "triggers/catalogue.hpp"

#include "machine/descriptor_tables.hpp"

#include <asm/svm.h>
#include <asm/vmx.h>

namespace triggers {
namespace {

using namespace machine;

constexpr Trigger catalogue[] = {
    {
        .name = "fatal.triple-fault",
        .what = "UD2 without an interrupt descriptor table: a triple fault",
        .vmx = {EXIT_REASON_TRIPLE_FAULT, Bound::at_least, 1, SDM_OTHER_CAUSES ": triple fault"},
        .svm = {SVM_EXIT_SHUTDOWN, Bound::at_least, 1,
                "APM vol. 2, Shutdown Intercept; init_vmcb() sets the intercept"},
        .fire =
            [] {
                load_idt({0, 0});
                asm volatile("ud2");
            },
        .count = 1,
        .boot_vcpu_only = true,
        .one_shot = true,
    },
};

}

std::span<const Trigger> fatal_triggers() { return catalogue; }

}
