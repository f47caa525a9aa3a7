// The local APIC's registers and its one-shot timer.
#include "machine/apic.hpp"

#include "machine/interrupts.hpp"
#include "machine/msr.hpp"

namespace machine {
namespace {

constexpr std::uint64_t default_base = 0xfee00000;
constexpr std::uint64_t apic_base_enable = 1 << 11;
constexpr std::uint32_t software_enable = 1 << 8;
constexpr std::uint32_t lvt_masked = 1 << 16;
constexpr std::uint32_t divide_by_1 = 0xb;

// SDM vol. 3, 10.6.1 "Interrupt Command Register (ICR)".
constexpr std::uint32_t level_assert = 1 << 14, to_self = 1 << 18;

}

volatile std::uint32_t& LocalApic::at(Register reg)
{
    return *reinterpret_cast<volatile std::uint32_t*>(default_base + static_cast<std::uint32_t>(reg));
}

// Plain MOVs, so that KVM's emulator decodes them whichever way GCC turns.

std::uint32_t LocalApic::read(Register reg) const
{
    std::uint32_t value;
    asm volatile("movl %1, %0" : "=r"(value) : "m"(at(reg)) : "memory");
    return value;
}

void LocalApic::write(Register reg, std::uint32_t value) const
{
    asm volatile("movl %1, %0" : "=m"(at(reg)) : "r"(value) : "memory");
}

void LocalApic::set_up() const
{
    write_msr(Msr::apic_base, read_msr(Msr::apic_base) | apic_base_enable);
    write(Register::spurious_interrupt, software_enable | static_cast<std::uint32_t>(Vector::spurious));
    write(Register::lvt_timer, lvt_masked | static_cast<std::uint32_t>(Vector::timer));
    write(Register::timer_divide, divide_by_1);
}

void LocalApic::send_to_self(std::uint8_t vector) const
{
    write(Register::command_low, to_self | level_assert | vector);
}

void LocalApic::start_one_shot_timer(std::uint32_t ticks) const
{
    // Mode bits 0: one-shot (SDM vol. 3, 10.5.4).
    write(Register::lvt_timer, static_cast<std::uint32_t>(Vector::timer));
    write(Register::timer_initial, ticks);
}

}
