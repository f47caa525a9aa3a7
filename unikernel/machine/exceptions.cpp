// Which exceptions are resumed after, and where.
#include "machine/exceptions.hpp"

#include "machine/interrupts.hpp"

#include <algorithm>
#include <atomic>
#include <span>

namespace machine {
namespace {

struct Fixup {
    std::uint64_t instruction, next;
};

constinit std::array<std::atomic<std::uint32_t>, exception_vectors> counts{};
constinit std::atomic<std::uint32_t> traps = 0; // a bit for each vector

constexpr std::uint64_t rflags_tf = 1 << 8;

}

extern "C" const Fixup fixups_start[], fixups_end[];

ExceptionCounts resumed_exceptions()
{
    ExceptionCounts seen{};
    std::ranges::copy(counts, seen.begin());
    return seen;
}

void forget_exceptions()
{
    for (auto& count : counts)
        count = 0;
}

void expect_trap(Exception exception) { traps |= 1u << static_cast<unsigned>(exception); }

void expect_no_traps() { traps = 0; }

bool resume_after(InterruptFrame& frame)
{
    if (frame.vector >= exception_vectors)
        return false;
    const std::span<const Fixup> fixups(fixups_start, fixups_end);
    if (const auto fixup = std::ranges::find(fixups, frame.rip, &Fixup::instruction); fixup != fixups.end())
        frame.rip = fixup->next;
    else if (traps >> frame.vector & 1)
        frame.rflags &= ~rflags_tf;
    else
        return false;
    counts[frame.vector]++;
    return true;
}

}
