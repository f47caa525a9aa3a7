// Physical addresses behind which there is no RAM, and RAM that nobody has touched yet.
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

// Plain MOVs of 32 bits, so that KVM's emulator decodes them whichever way GCC turns.

inline std::uint32_t read_memory(Place place)
{
    std::uint32_t value;
    asm volatile("movl (%1), %0" : "=r"(value) : "r"(place) : "memory");
    return value;
}

inline void write_memory(Place place, std::uint32_t value)
{
    asm volatile("movl %1, (%0)" : : "r"(place), "r"(value) : "memory");
}

/// RAM far above the image that is touched once, by touch(), and never again.
class FreshMemory {
public:
    /// Whether the machine has this RAM. Costs it no block.
    static bool exists();

    /// How many blocks are left. Blocks are 2 MiB apart, so that each is new to the
    /// host even where it gives out memory in such pieces (transparent huge pages).
    static std::size_t blocks_left();

    /// Writes to the next block; nothing if none is left. On any vCPUs at once.
    static void touch();
};

}
