// After which exceptions execution resumes, and where.
#include "machine/exceptions.hpp"

#include "machine/address.hpp"
#include "machine/interrupts.hpp"

#include <algorithm>
#include <atomic>
#include <span>

namespace machine {
namespace {

// An entry of MAY_FAULT: the distances from each member to an instruction.
struct Fixup {
    std::int32_t instruction, next;
};

std::uint64_t target(const std::int32_t& distance) {
    return address_of(&distance) + static_cast<std::uint64_t>(distance);
}

constinit std::array<std::atomic<std::uint32_t>, exception_vectors> counts{};
constinit std::atomic<std::uint32_t> traps = 0; // a bit for each vector

constexpr std::uint64_t rflags_tf = 1 << 8;

}

// Defined by the linker for a section of that name.
extern "C" const Fixup __start_fixups[], __stop_fixups[];

ExceptionCounts resumed_exceptions() {
    ExceptionCounts seen{};
    std::ranges::copy(counts, seen.begin());
    return seen;
}

void forget_exceptions() {
    for (auto& count : counts) count = 0;
}

void expect_trap(Exception exception) { traps |= 1u << static_cast<unsigned>(exception); }

void expect_no_traps() { traps = 0; }

bool resume_after(InterruptFrame& frame) {
    if (frame.vector >= exception_vectors) return false;
    const std::span<const Fixup> fixups(__start_fixups, __stop_fixups);
    const auto fixup = std::ranges::find_if(
        fixups, [&](const Fixup& each) { return target(each.instruction) == frame.rip; });
    if (fixup != fixups.end())
        frame.rip = target(fixup->next);
    else if (traps >> frame.vector & 1)
        frame.rflags &= ~rflags_tf;
    else
        return false;
    counts[frame.vector]++;
    return true;
}

}
