// Hardware task switches, which no processor virtualizes.
#include "triggers/catalogue.hpp"

#include "machine/protected_mode.hpp"

#include <asm/svm.h>
#include <asm/vmx.h>

namespace triggers {
namespace {

using namespace machine;

constexpr std::uint32_t round_trips = 8;

// Leaving and re-entering long mode changes CR0.PG, which resets KVM's MMU. It may drop its mappings.
constexpr std::uint32_t refaults = 256;
constexpr Row vmx_also[] = {{EXIT_REASON_CR_ACCESS, Bound::exact, 2},
                            {EXIT_REASON_EPT_VIOLATION, Bound::at_most, refaults}};
// Where KVM shadows page tables, reading CR3 for the task state segments exits too.
constexpr Row shadow_also[] = {{EXIT_REASON_CR_ACCESS, Bound::exact, 3},
                               {EXIT_REASON_EXCEPTION_NMI, Bound::at_most, refaults}};
constexpr Row svm_also[] = {{SVM_EXIT_CR0_SEL_WRITE, Bound::exact, 2},
                            {SVM_EXIT_NPF, Bound::at_most, refaults}};

constexpr std::string_view vmx_source = SDM_OTHER_CAUSES ": task switches";
constexpr Deviation deviations[] = {
    vmx_shadowing({EXIT_REASON_TASK_SWITCH, Bound::exact, 2 * round_trips, vmx_source, shadow_also}),
    {Where::on_qemu,
     Numbering::svm,
     {SVM_EXIT_TASK_SWITCH, Bound::none, 0, "QEMU's TCG does not check the intercept of task switches",
      svm_also},
     qemu_11_1}};

constexpr Trigger catalogue[] = {
    {
        .name = "task.switch",
        .what = "in 32-bit protected mode: far JMP to another task and back, 8 times",
        .vmx = {EXIT_REASON_TASK_SWITCH, Bound::exact, 2 * round_trips, vmx_source, vmx_also},
        .svm = {SVM_EXIT_TASK_SWITCH, Bound::exact, 2 * round_trips,
                "APM vol. 2, Task Switch Intercept; init_vmcb() sets the intercept", svm_also},
        .fire = [] { switch_tasks(round_trips); },
        .count = 10,
        .deviations = deviations,
        .boot_vcpu_only = true, // the task state segments are shared
    },
};

}

std::span<const Trigger> task_triggers() { return catalogue; }

}
