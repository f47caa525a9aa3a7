// The local APIC, by its memory-mapped registers.
#pragma once

#include <cstdint>

namespace machine {

class LocalApic {
public:
    /// Enables this CPU's local APIC, with its timer masked.
    void set_up() const;

    /// Has the timer send Vector::timer once, `ticks` of its clock from now
    /// (under KVM and QEMU a tick is a nanosecond). 0 stops it.
    void start_one_shot_timer(std::uint32_t ticks) const;

    /// Has the timer count down once more, as long as the last time.
    void restart_timer() const { write(Register::timer_initial, read(Register::timer_initial)); }

    /// Sends this CPU an interrupt: one register write.
    void send_to_self(std::uint8_t vector) const;

    void end_of_interrupt() const { write(Register::end_of_interrupt, 0); }

private:
    // SDM vol. 3, table 10-1 "Local APIC Register Address Map".
    enum class Register : std::uint32_t {
        end_of_interrupt   = 0x0b0,
        spurious_interrupt = 0x0f0,
        command_low        = 0x300,
        lvt_timer          = 0x320,
        timer_initial      = 0x380,
        timer_divide       = 0x3e0,
    };

    static volatile std::uint32_t& at(Register reg);
    std::uint32_t read(Register reg) const;
    void write(Register reg, std::uint32_t value) const;
};

inline constexpr LocalApic local_apic;

}
