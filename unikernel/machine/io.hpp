// Port I/O.
#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>

namespace machine {

/// The ports that the guest accesses.
enum class Port : std::uint16_t {
    // clang-format off
    pic_primary_mask   = 0x0021,
    pit_command        = 0x0043,
    keyboard_command   = 0x0064,
    pic_secondary_mask = 0x00a1,
    unused             = 0x00e0, // decoded by no device of a PC or of QEMU's machines
    debug_console      = 0x00e9, // Bochs, QEMU's isa-debugcon, Xen's log
    debug_exit         = 0x00f4, // QEMU's isa-debug-exit
    serial_1           = 0x03f8,
    serial_1_status    = 0x03fd, // reading the status of the line clears at most its error bits
    pic_edge_level     = 0x04d0,
    panic              = 0x0505, // QEMU's pvpanic
    reset_control      = 0x0cf9,
    // clang-format on
};

template <typename T>
concept PortWidth =
    std::same_as<T, std::uint8_t> || std::same_as<T, std::uint16_t> || std::same_as<T, std::uint32_t>;

struct Io {
    template <PortWidth T> static T in(Port port, std::uint16_t offset = 0) {
        T value;
        asm volatile("in %w1, %0" : "=a"(value) : "Nd"(number(port, offset)));
        return value;
    }

    template <PortWidth T> static void out(Port port, T value, std::uint16_t offset = 0) {
        asm volatile("out %0, %w1" : : "a"(value), "Nd"(number(port, offset)));
    }

    /// REP INS: reads `count` elements from one port.
    static void in_string(Port port, std::uint8_t* data, std::size_t count) {
        asm volatile("rep insb" : "+D"(data), "+c"(count) : "d"(port) : "memory");
    }

    /// REP OUTS: writes `count` elements to one port.
    static void out_string(Port port, const std::uint8_t* data, std::size_t count) {
        asm volatile("rep outsb" : "+S"(data), "+c"(count) : "d"(port) : "memory");
    }
    static void out_string(Port port, const std::uint16_t* data, std::size_t count) {
        asm volatile("rep outsw" : "+S"(data), "+c"(count) : "d"(port) : "memory");
    }
private:
    static constexpr std::uint16_t number(Port port, std::uint16_t offset) {
        return static_cast<std::uint16_t>(static_cast<std::uint16_t>(port) + offset);
    }
};

}
