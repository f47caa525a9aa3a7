// The serial port: the guest's output on every machine.
#pragma once

#include "console/format.hpp"

namespace console {

/// A 16550 at COM1. Each character costs at least one VM exit, so nothing is
/// written between two readings of the ledger.
class Serial final : public Sink {
public:
    /// 115200 baud, 8 data bits, no parity, 1 stop bit, FIFO on.
    void set_up() const;

    void write(std::string_view text) override;
private:
    void wait_until_empty() const;

    unsigned room_ = 0; // bytes that certainly fit into the transmit FIFO
};

extern Serial serial;

}
