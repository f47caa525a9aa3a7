// A virtio console: output with few VM exits.
#pragma once

#include "console/format.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace console {

/// A console device behind virtio-mmio, as QEMU's microvm can have one: virtio 1.2,
/// sections 4.2 "Virtio Over MMIO" and 5.3 "Console Device". It only sends, one line
/// at a time by one VM exit, where a serial port takes at least one for each character.
class Virtio final : public Sink {
public:
    /// Finds the machine's first console and makes its transmit queue ready.
    /// \return whether there is one that this driver supports
    bool set_up();

    /// On return the device has taken everything up to the last newline.
    void write(std::string_view more) override;
private:
    // Virtio 1.2, 2.7.5 "The Virtqueue Descriptor Table".
    struct Descriptor {
        std::uint64_t address;
        std::uint32_t length;
        std::uint16_t flags, next;
    };

    // 2.7.6 "The Virtqueue Available Ring".
    struct Available {
        std::uint16_t flags, index;
        std::array<std::uint16_t, 1> ring;
    };

    // 2.7.8 "The Virtqueue Used Ring".
    struct Used {
        std::uint16_t flags, index;
        struct {
            std::uint32_t id, length;
        } ring[1];
    };

    void send();

    // A queue of one: a line is in flight only until send() returns.
    alignas(16) Descriptor descriptor_{};
    alignas(4) Used used_{};
    Available available_{};
    std::uint32_t transport_ = 0; // its registers' offset from the first transport's
    std::size_t size_ = 0;
};

extern Virtio virtio;

}
