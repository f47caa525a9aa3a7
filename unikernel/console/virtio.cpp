// The console's driver: virtio-mmio's registers and a split virtqueue.
#include "console/virtio.hpp"

#include "machine/address.hpp"
#include "machine/mmio.hpp"

#include <algorithm>

namespace console {

using machine::Place;
using machine::read_memory;
using machine::write_memory;

namespace {

// QEMU's include/hw/i386/microvm.h: where its transports are, and how many at most.
constexpr std::uint32_t transports = 24, transport_size = 512;

// Virtio 1.2, 4.2.2 "MMIO Device Register Layout".
enum Register : std::uint32_t {
    // clang-format off
    magic_value            = 0x000,
    version                = 0x004,
    device_id              = 0x008,
    driver_features        = 0x020,
    driver_features_select = 0x024,
    queue_select           = 0x030,
    queue_size             = 0x038,
    queue_ready            = 0x044,
    queue_notify           = 0x050,
    status                 = 0x070,
    queue_descriptor_low   = 0x080, // each followed by its upper half
    queue_driver_low       = 0x090,
    queue_device_low       = 0x0a0,
    // clang-format on
};

constexpr std::uint32_t magic = 0x74726976; // "virt"
constexpr std::uint32_t modern = 2;         // a transport with force-legacy=on says 1
constexpr std::uint32_t console_device = 3; // 5.3.1

constexpr std::uint32_t transmit_queue = 1; // 5.3.2: of port 0
constexpr std::uint16_t no_interrupt = 1;   // 2.7.6, VIRTQ_AVAIL_F_NO_INTERRUPT

// 2.1 "Device Status Field".
enum Status : std::uint32_t { reset = 0, acknowledge = 1, driver = 2, driver_ok = 4, features_ok = 8 };

// 6 "Reserved Feature Bits": VIRTIO_F_VERSION_1 is bit 32, the first of the second word.
constexpr std::uint32_t second_word = 1, version_1 = 1;

std::uint32_t low_address_of(const void* object) {
    return static_cast<std::uint32_t>(machine::address_of(object)); // the image lies below 4 GiB
}

Place place_of(std::uint32_t transport, Register reg) {
    return static_cast<Place>(static_cast<std::uint64_t>(Place::virtio_mmio) + transport + reg);
}

bool is_console(std::uint32_t transport) {
    return read_memory(place_of(transport, magic_value)) == magic &&
           read_memory(place_of(transport, version)) == modern &&
           read_memory(place_of(transport, device_id)) == console_device;
}

// What is sent next. Not in the object, which is not all zeros: here it is in .bss.
constinit std::array<char, 4096> text{};

}

constinit Virtio virtio;

// The order is that of 3.1.1 "Driver Requirements: Device Initialization".
bool Virtio::set_up() {
    constexpr auto end = transports * transport_size;
    while (transport_ < end && !is_console(transport_)) transport_ += transport_size;
    if (transport_ == end) return false;

    const auto write_register = [this](Register reg, std::uint32_t value) {
        write_memory(place_of(transport_, reg), value);
    };
    write_register(status, reset);
    write_register(status, acknowledge);
    write_register(status, acknowledge | driver);
    write_register(driver_features_select, second_word);
    write_register(driver_features, version_1);
    write_register(status, acknowledge | driver | features_ok);
    if (!(read_memory(place_of(transport_, status)) & features_ok)) return false;

    descriptor_.address = machine::address_of(text.data());
    available_.flags = no_interrupt;
    write_register(queue_select, transmit_queue);
    write_register(queue_size, 1);
    write_register(queue_descriptor_low, low_address_of(&descriptor_));
    write_register(queue_driver_low, low_address_of(&available_));
    write_register(queue_device_low, low_address_of(&used_));
    write_register(queue_ready, 1);
    write_register(status, acknowledge | driver | features_ok | driver_ok);
    return true;
}

void Virtio::write(std::string_view more) {
    while (!more.empty()) {
        const auto line =
            more.substr(0, more.find('\n')).size() + 1; // including its newline, if there is one
        const auto piece = more.substr(0, std::min(line, text.size() - size_));
        std::ranges::copy(piece, text.begin() + size_);
        size_ += piece.size();
        more.remove_prefix(piece.size());
        if (piece.back() == '\n' || size_ == text.size()) send();
    }
}

// 2.7.13 "Supplying Buffers to The Device". Waits for a slow device: the end of the run would cut it off.
void Virtio::send() {
    descriptor_.length = static_cast<std::uint32_t>(size_);
    available_.index++;
    write_memory(place_of(transport_, queue_notify), transmit_queue);
    while (used_.index != available_.index) asm volatile("pause" : : : "memory");
    size_ = 0;
}

}
