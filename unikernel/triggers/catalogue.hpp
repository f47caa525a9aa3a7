// The one table of all triggers.
#pragma once

#include "triggers/trigger.hpp"

#include <span>

namespace triggers {

/// The families, one file each. Within a family the order is that of its file.
using Family = std::span<const Trigger>();
Family io_triggers, hlt_triggers, msr_triggers, cpuid_triggers, instr_triggers, cache_triggers, wait_triggers,
    hypercall_triggers, vmx_triggers, svm_triggers, apic_triggers, x2apic_triggers, interrupt_triggers,
    nmi_triggers, control_triggers, cr_triggers, dr_triggers, descriptor_triggers, exception_triggers,
    memory_triggers, task_triggers, nested_triggers, fatal_triggers;

/// Every family, in the order in which a plan runs them: NMIs come after everything that single-steps:
/// KVM-AMD steps over their IRET, and Bochs then forgets the step until the next #DB.
inline constexpr Family* families[] = {
    cpuid_triggers,     io_triggers,         msr_triggers,       hlt_triggers,     apic_triggers,
    x2apic_triggers,    interrupt_triggers,  instr_triggers,     cache_triggers,   wait_triggers,
    hypercall_triggers, vmx_triggers,        svm_triggers,       control_triggers, cr_triggers,
    dr_triggers,        descriptor_triggers, exception_triggers, memory_triggers,  task_triggers,
    nmi_triggers,       nested_triggers,     fatal_triggers,
};

/// Calls `visit(const Trigger&)` for each trigger of the catalogue.
template <typename Visit> void for_each_trigger(Visit visit) {
    for (const auto family : families)
        for (const Trigger& trigger : family()) visit(trigger);
}

}
