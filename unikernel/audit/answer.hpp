// One answer of a leaf against what the rules say it is.
#pragma once

#include "audit/result.hpp"
#include "ledger/leaves.hpp"

namespace audit {

inline constexpr ledger::CpuidRegisters undefined_mark{0, 0, 0, KVM_EXIT_LEDGER_UNDEFINED_EDX};
inline constexpr ledger::CpuidRegisters zeros{0, 0, 0, 0};

/// Fails `result` unless `seen` is `expected`; true if it is.
inline bool judge_answer(std::uint32_t leaf, std::uint32_t subleaf, const ledger::CpuidRegisters& expected,
                         const ledger::CpuidRegisters& seen, Result& result)
{
    if (seen == expected)
        return true;
    result.fail("leaf {:x} ecx {:x}: expected {:x} {:x} {:x} {:x}, seen {:x} {:x} {:x} {:x}", leaf, subleaf, expected.eax,
                expected.ebx, expected.ecx, expected.edx, seen.eax, seen.ebx, seen.ecx, seen.edx);
    return false;
}

/// Which registers of a leaf of the assignment may carry a value: all ones there.
inline ledger::CpuidRegisters value_mask(const ledger::Layout& layout, std::uint32_t leaf)
{
    const bool counts = leaf == layout.total || leaf == layout.exit_count;
    const bool times = leaf == layout.cycles || leaf == layout.exit_cycles;
    return {counts ? ~0u : 0, times ? ~0u : 0, times ? ~0u : 0, 0};
}

/// Fails `result` if a register outside the leaf's mask carries anything; true if none does.
inline bool judge_registers(const ledger::Layout& layout, std::uint32_t leaf, std::uint32_t subleaf,
                            const ledger::CpuidRegisters& r, Result& result)
{
    const auto may = value_mask(layout, leaf);
    if (!((r.eax & ~may.eax) | (r.ebx & ~may.ebx) | (r.ecx & ~may.ecx) | (r.edx & ~may.edx)))
        return true;
    result.fail("leaf {:x} ecx {:x}: leftovers in {:x} {:x} {:x} {:x}", leaf, subleaf, r.eax, r.ebx, r.ecx, r.edx);
    result.diagnose("a register that the leaf does not define is left unwritten and leaks what the host had in it");
    return false;
}

/// Fails `result` if the answer for a defined exit number is the mark for undefined
/// ones; true if it is not.
inline bool judge_hole(std::uint32_t leaf, ledger::ExitNumber exit, const ledger::CpuidRegisters& r, Result& result)
{
    if (r != undefined_mark)
        return true;
    result.fail("leaf {:x}: exit {:x} is defined, but answered as undefined", leaf, exit);
    result.diagnose("the host's table of defined exit numbers has a hole where no edition of the manual has one, or the plan's "
                    "sdm= is too high");
    return false;
}

}
