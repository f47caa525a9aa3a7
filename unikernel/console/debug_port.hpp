// Port 0xE9, where Bochs, QEMU's isa-debugcon and Xen's log take characters.
#pragma once

#include "console/format.hpp"
#include "machine/io.hpp"

namespace console {

/// Each character is one write to the port. For machines without COM1, such as Xen's PVH domains.
class DebugPort final : public Sink {
public:
    void write(std::string_view text) override {
        for (const char c : text)
            machine::Io::out(machine::Port::debug_console, static_cast<std::uint8_t>(c));
    }
};

inline constinit DebugPort debug_port;

}
