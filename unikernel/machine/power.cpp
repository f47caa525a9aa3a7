// The ways to end the run, from the most to the least informative.
#include "machine/power.hpp"

#include "machine/acpi.hpp"
#include "machine/descriptor_tables.hpp"
#include "machine/io.hpp"

namespace machine {
namespace {

constexpr std::uint8_t full_reset = 0x0e;       // port 0xcf9, PIIX3 and ICH data sheets
constexpr std::uint8_t pulse_reset_line = 0xfe; // 8042 keyboard controller

}

void end_run(std::uint8_t status, std::uint64_t rsdp) {
    Io::out<std::uint32_t>(Port::debug_exit, status);
    acpi_power_off(rsdp);
    acpi_reset(rsdp);
    Io::out<std::uint8_t>(Port::reset_control, full_reset);
    Io::out<std::uint8_t>(Port::keyboard_command, pulse_reset_line);
    load_idt({0, 0});
    asm volatile("int3"); // a triple fault
    __builtin_unreachable();
}

}
