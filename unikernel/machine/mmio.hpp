// Physical addresses without RAM, and RAM that was not accessed yet.
#pragma once

#include <cstddef>
#include <cstdint>

namespace machine {

/// Places in a PC's identity-mapped address space.
enum class Place : std::uint64_t {
    rom = 0xfffff000,         // the last page of the firmware's ROM
    virtio_mmio = 0xfeb00000, // the first transport of QEMU's microvm
    unused = 0xfe800000,      // decoded by nothing on a PC, on QEMU's machines, on Firecracker
    io_apic = 0xfec00000,
};

// Plain 32-bit MOVs, so that KVM's emulator decodes them whatever GCC would choose.

inline std::uint32_t read_memory(Place place) {
    std::uint32_t value;
    asm volatile("movl (%1), %0" : "=r"(value) : "r"(place) : "memory");
    return value;
}

inline void write_memory(Place place, std::uint32_t value) {
    asm volatile("movl %1, (%0)" : : "r"(place), "r"(value) : "memory");
}

/// RAM far above the image that only touch() accesses, once.
class FreshMemory {
public:
    /// Whether the machine has this RAM. Uses no block.
    static bool exists();

    /// How many blocks are left. Blocks are 2 MiB apart, so that each is unmapped even if the host maps 2 MiB
    /// at once (transparent huge pages).
    static std::size_t blocks_left();

    /// Writes to the next block, if one is left. Several vCPUs may call it at once.
    static void touch();
};

}
