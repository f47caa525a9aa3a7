// Triggers that hold in one mode of the local APIC, whichever the plan has chosen.
#pragma once

#include "console/format.hpp"
#include "machine/apic.hpp"
#include "machine/features.hpp"
#include "machine/interrupts.hpp"
#include "machine/patience.hpp"
#include "machine/tsc.hpp"
#include "triggers/trigger.hpp"

#include <algorithm>
#include <array>
#include <string_view>

namespace triggers {

using machine::ApicMode;
using machine::local_apic;
using machine::LocalApic;

/// What each vCPU goes back to.
inline constinit std::array<ApicMode, machine::max_processors> plans_apic_mode{};

/// For Trigger::prepare: this vCPU's APIC is in the mode until leave_apic_mode().
template <ApicMode mode>
void enter_apic_mode()
{
    plans_apic_mode[machine::this_cpu().index] = local_apic.mode();
    local_apic.set_up(mode);
}

/// For Trigger::clean_up. Disarms the timer, too.
inline void leave_apic_mode() { local_apic.set_up(plans_apic_mode[machine::this_cpu().index]); }

/// For Trigger::lacks: why this vCPU's accesses to its APIC cause no exit or others. With
/// APICv (SDM vol. 3, Virtualizing Memory-Mapped APIC Accesses; Virtualizing MSR-Based APIC Accesses) or AVIC
/// (APM vol. 2, Advanced Virtual Interrupt Controller) the processor answers a read of the version by itself,
/// which takes it some ten cycles. An exit there and back takes any processor more than this.
template <ApicMode mode>
std::string_view why_apic_may_not_exit()
{
    constexpr std::uint64_t less_than_an_exit = 400;
    if (mode == ApicMode::x2apic && !LocalApic::has_x2apic())
        return machine::feature::x2apic.lacking;
    enter_apic_mode<mode>();
    auto shortest = ~std::uint64_t{0};
    for (int i = 0; i < 8; i++) {
        const auto start = machine::open_measurement();
        local_apic.read(LocalApic::Register::version);
        shortest = std::min(shortest, machine::close_measurement(false) - start);
    }
    leave_apic_mode();
    return shortest < less_than_an_exit ? "this vCPU's APIC is virtualized by the processor (APICv, AVIC)"
                                        : "";
}

inline constexpr auto counted_vector = static_cast<std::uint8_t>(machine::Vector::counted);

/// Sends this vCPU Vector::counted by one write of ICR.
inline void send_counted_to_self()
{
    machine::this_cpu().due = true;
    local_apic.send_to_self(counted_vector);
}

/// Gives an interrupt of this vCPU's own up, and tells how far its APIC has it.
[[noreturn]] inline void give_up(std::string_view interrupt, machine::Vector vector)
{
    const auto number = static_cast<std::uint8_t>(vector);
    const console::Text<120> awaited(
        "{} (vector {:x}, {} in IRR, {} in ISR)", interrupt, number,
        local_apic.holds(LocalApic::Register::requested, number) ? "set" : "clear",
        local_apic.holds(LocalApic::Register::in_service, number) ? "set" : "clear");
    machine::give_up(awaited.view(), machine::this_cpu());
}

/// Opens the window for it, once, but on Bochs's SVM: entering a guest that has IF set
/// already, that takes no note of a virtual interrupt until IF changes.
inline void let_counted_in()
{
    for (auto patience = machine::long_patience; machine::this_cpu().due;) {
        machine::let_interrupts_in();
        if (patience.ends())
            give_up("the interrupt that it sent itself", machine::Vector::counted);
    }
}

/// Runs `start()`, and waits with interrupts on until one is counted that it causes.
template <typename Start>
void fire_and_await(Start start)
{
    const auto& arrivals = machine::this_cpu().arrivals;
    const auto before = arrivals;
    machine::enable_interrupts();
    start();
    for (auto patience = machine::long_patience; arrivals == before;)
        if (patience.ends())
            give_up("the interrupt of the timer", machine::Vector::timer);
    machine::disable_interrupts();
}

}
