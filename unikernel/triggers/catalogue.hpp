// The one table of all triggers.
#pragma once

#include "triggers/trigger.hpp"

#include <span>

namespace triggers {

/// The families, one file each. Within a family the order is that of its file.
std::span<const Trigger> io_triggers();
std::span<const Trigger> hlt_triggers();
std::span<const Trigger> msr_triggers();
std::span<const Trigger> cpuid_triggers();
std::span<const Trigger> apic_triggers();
std::span<const Trigger> interrupt_triggers();
std::span<const Trigger> nmi_triggers();
std::span<const Trigger> control_triggers();

/// Every family, in the order in which a plan runs them.
inline constexpr std::span<const Trigger> (*families[])() = {
    cpuid_triggers, io_triggers, msr_triggers, hlt_triggers,
    apic_triggers, interrupt_triggers, nmi_triggers, control_triggers,
};

/// Calls `visit(const Trigger&)` for each trigger of the catalogue.
template <typename Visit>
void for_each_trigger(Visit visit)
{
    for (const auto family : families)
        for (const Trigger& trigger : family())
            visit(trigger);
}

}
