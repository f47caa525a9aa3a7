// The local APIC, by its memory-mapped registers (xAPIC) or by MSRs (x2APIC).
#pragma once

#include "machine/this_cpu.hpp"

#include <cstdint>

namespace machine {

/// Delivery modes of an inter-processor interrupt (SDM vol. 3, Interrupt Command Register (ICR)).
enum class Delivery : std::uint32_t {
    // clang-format off
    fixed   = 0 << 8,
    nmi     = 4 << 8,
    init    = 5 << 8,
    startup = 6 << 8,
    // clang-format on
};

class LocalApic {
public:
    // SDM vol. 3, Local APIC Register Address Map. The MSR of the same register
    // in x2APIC mode is 0x800 plus a sixteenth of its offset (x2APIC Register Address Space).
    enum class Register : std::uint32_t {
        // clang-format off
        id                 = 0x020,
        version            = 0x030,
        end_of_interrupt   = 0x0b0,
        spurious_interrupt = 0x0f0,
        in_service         = 0x100, // eight registers, a bit for each vector
        requested          = 0x200, // likewise
        command_low        = 0x300, // x2APIC: all 64 bits
        command_high       = 0x310, // xAPIC only
        lvt_timer          = 0x320,
        timer_initial      = 0x380,
        timer_current      = 0x390,
        timer_divide       = 0x3e0,
        self_interrupt     = 0x3f0, // x2APIC only: the vector
        // clang-format on
    };

    /// CPUID.1:ECX bit 21: can this processor's APIC be in x2APIC mode?
    static bool has_x2apic();

    /// Enables this processor's local APIC in the given mode, with its timer masked.
    /// \pre x2apic: has_x2apic()
    void set_up(ApicMode mode) const;

    /// This processor's current mode. Causes no exit.
    ApicMode mode() const { return this_cpu().apic_mode; }

    /// Reads or writes one register in the current mode.
    std::uint32_t read(Register reg) const;
    void write(Register reg, std::uint32_t value) const;

    /// This processor's APIC ID.
    std::uint32_t id() const;

    /// Sends an inter-processor interrupt: one register write, or two in xAPIC mode to a single processor.
    /// Does not wait for delivery. \param vector what arrives; the page to start at for Delivery::startup
    void send_to_self(std::uint8_t vector) const;
    void send_to_others(Delivery delivery, std::uint8_t vector) const;
    void send_to(std::uint32_t apic_id, Delivery delivery, std::uint8_t vector) const;

    /// Makes the timer count the APIC's clock undivided, as set_up() does.
    void set_timer_clock() const;

    /// Makes the timer send Vector::timer once, `ticks` of its clock from now
    /// (under KVM and QEMU a tick is a nanosecond). 0 stops it.
    void start_one_shot_timer(std::uint32_t ticks) const;

    /// From now on the timer sends Vector::timer when the TSC reaches what is written to
    /// Msr::ia32_tsc_deadline. Ends with start_one_shot_timer().
    /// \pre has(feature::tsc_deadline)
    void use_tsc_deadline() const;

    /// How many cycles the TSC counts in a second of the timer's clock, which under KVM
    /// and QEMU ticks each nanosecond. Takes about ten milliseconds, and uses the timer.
    std::uint64_t cycles_per_second() const;

    /// Restarts the timer with the last count.
    void restart_timer() const { write(Register::timer_initial, read(Register::timer_initial)); }

    /// Whether the vector's bit is set in Register::in_service or requested.
    bool holds(Register bits, std::uint8_t vector) const;

    void end_of_interrupt() const { write(Register::end_of_interrupt, 0); }
private:
    void switch_to(ApicMode mode) const;
};

inline constexpr LocalApic local_apic;

}
