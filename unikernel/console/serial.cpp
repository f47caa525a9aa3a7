// The registers of the 16550 that sending by polling needs.
#include "console/serial.hpp"

#include "machine/io.hpp"

namespace console {

using machine::Io;
using machine::Port;

namespace {

// National Semiconductor PC16550D data sheet, table II.
enum Register : std::uint16_t {
    transmit_holding = 0,
    divisor_low = 0,
    interrupt_enable = 1,
    divisor_high = 1,
    fifo_control = 2,
    line_control = 3,
    modem_control = 4,
    line_status = 5,
};

constexpr std::uint8_t divisor_latch_access = 0x80;
constexpr std::uint8_t eight_bits_no_parity = 0x03;
constexpr std::uint8_t enable_and_clear_fifos = 0x07;
constexpr std::uint8_t ready_and_request = 0x03;
constexpr std::uint8_t transmit_empty = 0x20;
constexpr unsigned fifo_bytes = 16;

// A missing port must not hang the run.
constexpr unsigned timeout = 1'000'000;

void write_register(Register reg, std::uint8_t value) { Io::out(Port::serial_1, value, reg); }

}

constinit Serial serial;

void Serial::set_up() const {
    write_register(interrupt_enable, 0);
    write_register(line_control, divisor_latch_access);
    write_register(divisor_low, 1);
    write_register(divisor_high, 0);
    write_register(line_control, eight_bits_no_parity);
    write_register(fifo_control, enable_and_clear_fifos);
    write_register(modem_control, ready_and_request);
}

void Serial::wait_until_empty() const {
    for (unsigned i = 0; i < timeout; i++)
        if (Io::in<std::uint8_t>(Port::serial_1, line_status) & transmit_empty) return;
}

void Serial::write(std::string_view text) {
    for (const char c : text) {
        if (room_ == 0) {
            wait_until_empty();
            room_ = fifo_bytes;
        }
        write_register(transmit_holding, static_cast<std::uint8_t>(c));
        room_--;
    }
}

}
