// The local APIC's two modes, its interrupts to other processors, its one-shot timer.
#include "machine/apic.hpp"

#include "machine/features.hpp"
#include "machine/interrupts.hpp"
#include "machine/msr.hpp"
#include "machine/timeout.hpp"
#include "machine/tsc.hpp"

namespace machine {
namespace {

constexpr std::uint64_t default_base = 0xfee00000;
constexpr std::uint64_t apic_base_enable = 1 << 11, apic_base_x2apic = 1 << 10;
constexpr std::uint32_t software_enable = 1 << 8;
constexpr std::uint32_t lvt_masked = 1 << 16;
constexpr std::uint32_t tsc_deadline_mode = 2 << 17; // SDM vol. 3, TSC-Deadline Mode
constexpr std::uint32_t divide_by_1 = 0xb;

// SDM vol. 3, Interrupt Command Register (ICR).
constexpr std::uint32_t level_assert = 1 << 14;
constexpr std::uint32_t to_self = 1 << 18, to_others = 3 << 18;
constexpr unsigned xapic_id_shift = 24;

volatile std::uint32_t& at(LocalApic::Register reg) {
    return *reinterpret_cast<volatile std::uint32_t*>(default_base + static_cast<std::uint32_t>(reg));
}

// SDM vol. 3, x2APIC Register Address Space.
Msr msr_of(LocalApic::Register reg) {
    return static_cast<Msr>(0x800 + (static_cast<std::uint32_t>(reg) >> 4));
}

constexpr std::uint32_t command_word(Delivery delivery, std::uint8_t vector) {
    return level_assert | static_cast<std::uint32_t>(delivery) | vector;
}

}

bool LocalApic::has_x2apic() { return has(feature::x2apic); }

// Plain MOVs, so that KVM's emulator decodes them whatever GCC would choose.

std::uint32_t LocalApic::read(Register reg) const {
    if (mode() == ApicMode::x2apic) return static_cast<std::uint32_t>(read_msr(msr_of(reg)));
    std::uint32_t value;
    asm volatile("movl %1, %0" : "=r"(value) : "m"(at(reg)) : "memory");
    return value;
}

void LocalApic::write(Register reg, std::uint32_t value) const {
    if (mode() == ApicMode::x2apic)
        write_msr(msr_of(reg), value);
    else
        asm volatile("movl %1, %0" : "=m"(at(reg)) : "r"(value) : "memory");
}

// x2APIC mode can only be left through the disabled state (SDM vol. 3, x2APIC State Transitions).
void LocalApic::switch_to(ApicMode mode) const {
    const auto base = read_msr(Msr::ia32_apic_base);
    const auto disabled = base & ~(apic_base_enable | apic_base_x2apic),
               enabled = disabled | apic_base_enable;
    if (base & apic_base_x2apic) write_msr(Msr::ia32_apic_base, disabled);
    write_msr(Msr::ia32_apic_base, enabled);
    if (mode == ApicMode::x2apic) write_msr(Msr::ia32_apic_base, enabled | apic_base_x2apic);
    this_cpu().apic_mode = mode;
    this_cpu().apic_id = id();
}

void LocalApic::set_up(ApicMode mode) const {
    switch_to(mode);
    write(Register::spurious_interrupt, software_enable | static_cast<std::uint32_t>(Vector::spurious));
    write(Register::lvt_timer, lvt_masked | static_cast<std::uint32_t>(Vector::timer));
    set_timer_clock();
}

void LocalApic::set_timer_clock() const { write(Register::timer_divide, divide_by_1); }

std::uint32_t LocalApic::id() const {
    const auto id = read(Register::id);
    return mode() == ApicMode::x2apic ? id : id >> xapic_id_shift;
}

void LocalApic::send_to_self(std::uint8_t vector) const {
    write(Register::command_low, to_self | command_word(Delivery::fixed, vector));
}

void LocalApic::send_to_others(Delivery delivery, std::uint8_t vector) const {
    write(Register::command_low, to_others | command_word(delivery, vector));
}

void LocalApic::send_to(std::uint32_t apic_id, Delivery delivery, std::uint8_t vector) const {
    const auto low = command_word(delivery, vector);
    if (mode() == ApicMode::x2apic) {
        write_msr(msr_of(Register::command_low), std::uint64_t{apic_id} << 32 | low);
        return;
    }
    write(Register::command_high, apic_id << xapic_id_shift);
    write(Register::command_low, low);
}

bool LocalApic::holds(Register bits, std::uint8_t vector) const {
    constexpr std::uint32_t register_distance = 0x10, bits_each = 32;
    const auto reg = static_cast<std::uint32_t>(bits) + vector / bits_each * register_distance;
    return read(static_cast<Register>(reg)) >> vector % bits_each & 1;
}

void LocalApic::use_tsc_deadline() const {
    write(Register::lvt_timer, tsc_deadline_mode | static_cast<std::uint32_t>(Vector::timer));
}

void LocalApic::start_one_shot_timer(std::uint32_t ticks) const {
    // Mode bits 0: one-shot (SDM vol. 3, APIC Timer).
    write(Register::lvt_timer, static_cast<std::uint32_t>(Vector::timer));
    write(Register::timer_initial, ticks);
}

// Masked: only the count is needed.
std::uint64_t LocalApic::cycles_per_second() const {
    constexpr std::uint32_t most = ~std::uint32_t{0}, enough = 10'000'000;
    constexpr std::uint64_t second = 1'000'000'000;
    write(Register::lvt_timer, lvt_masked | static_cast<std::uint32_t>(Vector::timer));
    write(Register::timer_initial, most);
    const auto first = read(Register::timer_current);
    const auto start = rdtsc();
    auto now = first;
    for (auto timeout = long_timeout; first - now < enough; now = read(Register::timer_current))
        if (timeout.expired()) give_up("the timer's count to fall", this_cpu());
    const auto cycles = rdtsc() - start;
    write(Register::timer_initial, 0);
    return cycles * (second / 1000) / ((first - now) / 1000);
}

}
