// Allocates RAM for first touches.
#include "machine/mmio.hpp"

#include <algorithm>
#include <atomic>

namespace machine {
namespace {

// Above the image and the data of loaders; well below the end of 128 MiB, where firmware puts itself and its
// tables.
constexpr std::uint64_t start = 32 << 20, end = 112 << 20, block = 2 << 20;
constexpr std::size_t blocks = (end - start) / block;

constinit std::atomic<std::size_t> touched = 0;

}

bool FreshMemory::exists() {
    constexpr auto beyond = static_cast<Place>(end);
    constexpr std::uint32_t pattern = 0x5aa5f00f;
    write_memory(beyond, pattern);
    return read_memory(beyond) == pattern;
}

std::size_t FreshMemory::blocks_left() { return blocks - std::min(blocks, touched.load()); }

void FreshMemory::touch() {
    if (const auto index = touched++; index < blocks)
        write_memory(static_cast<Place>(start + index * block), 1);
}

}
