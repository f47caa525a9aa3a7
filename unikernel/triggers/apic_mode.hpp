// What triggers share that need the local APIC in one mode, whichever the plan has chosen.
#pragma once

#include "console/format.hpp"
#include "machine/apic.hpp"
#include "machine/features.hpp"
#include "machine/interrupts.hpp"
#include "machine/timeout.hpp"
#include "triggers/does_not_exit.hpp"
#include "triggers/trigger.hpp"

#include <array>
#include <string_view>

namespace triggers {

using machine::ApicMode;
using machine::local_apic;
using machine::LocalApic;

/// The mode that each vCPU returns to.
inline constinit std::array<ApicMode, machine::max_processors> plans_apic_mode{};

/// For Trigger::prepare: puts this vCPU's APIC in the mode, until leave_apic_mode().
template <ApicMode mode> void enter_apic_mode() {
    plans_apic_mode[machine::this_cpu().index] = local_apic.mode();
    local_apic.set_up(mode);
}

/// For Trigger::clean_up. Also disarms the timer.
inline void leave_apic_mode() { local_apic.set_up(plans_apic_mode[machine::this_cpu().index]); }

/// For Trigger::lacks: why this vCPU's accesses to its APIC may cause no exit, or other exits. With
/// APICv (SDM vol. 3, Virtualizing Memory-Mapped APIC Accesses; Virtualizing MSR-Based APIC Accesses) or AVIC
/// (APM vol. 2, Advanced Virtual Interrupt Controller) the processor answers a read of the version itself, in
/// about ten cycles. An exit takes longer on any processor.
template <ApicMode mode> std::string_view why_apic_may_not_exit() {
    constexpr std::uint64_t less_than_an_exit = 400;
    if (mode == ApicMode::x2apic && !LocalApic::has_x2apic()) return machine::feature::x2apic.lacking;
    enter_apic_mode<mode>();
    const auto shortest = fastest([] { local_apic.read(LocalApic::Register::version); });
    leave_apic_mode();
    return shortest < less_than_an_exit ? "this vCPU's APIC is virtualized by the processor (APICv, AVIC)"
                                        : "";
}

inline constexpr auto counted_vector = static_cast<std::uint8_t>(machine::Vector::counted);

/// Sends this vCPU Vector::counted by one write of ICR.
inline void send_counted_to_self() {
    machine::this_cpu().due = true;
    local_apic.send_to_self(counted_vector);
}

/// Gives up waiting for an interrupt of this vCPU, and reports its state in the APIC.
[[noreturn]] inline void give_up(std::string_view interrupt, machine::Vector vector) {
    const auto number = static_cast<std::uint8_t>(vector);
    const console::Text<120> awaited(
        "{} (vector {:x}, {} in IRR, {} in ISR)", interrupt, number,
        local_apic.holds(LocalApic::Register::requested, number) ? "set" : "clear",
        local_apic.holds(LocalApic::Register::in_service, number) ? "set" : "clear");
    machine::give_up(awaited.view(), machine::this_cpu());
}

/// Opens the interrupt window until Vector::counted has arrived. Once is enough, except on Bochs's SVM: after
/// entry of a guest with IF set it ignores a virtual interrupt until IF changes.
inline void take_counted() {
    for (auto timeout = machine::long_timeout; machine::this_cpu().due;) {
        machine::open_interrupt_window();
        if (timeout.expired()) give_up("the interrupt that it sent itself", machine::Vector::counted);
    }
}

/// Runs `start()`, and waits with interrupts enabled until the interrupt that it causes is counted.
template <typename Start> void fire_and_await(Start start) {
    const auto& arrivals = machine::this_cpu().arrivals;
    const auto before = arrivals;
    machine::enable_interrupts();
    start();
    for (auto timeout = machine::long_timeout; arrivals == before;)
        if (timeout.expired()) give_up("the interrupt of the timer", machine::Vector::timer);
    machine::disable_interrupts();
}

}
