// Compares one answer of a leaf with the rules.
#pragma once

#include "audit/result.hpp"
#include "ledger/leaves.hpp"

namespace audit {

using ledger::undefined_mark, ledger::zeros;

/// Fails `result` unless `seen` is `expected`; true if it is.
inline bool judge_answer(std::uint32_t leaf, std::uint32_t subleaf, const ledger::CpuidRegisters& expected,
                         const ledger::CpuidRegisters& seen, Result& result) {
    if (seen == expected) return true;
    result.fail("leaf {:x} ecx {:x}: expected {:x} {:x} {:x} {:x}, seen {:x} {:x} {:x} {:x}", leaf, subleaf,
                expected.eax, expected.ebx, expected.ecx, expected.edx, seen.eax, seen.ebx, seen.ecx,
                seen.edx);
    return false;
}

/// Fails `result` if a register outside the leaf's mask carries anything; true if none does.
inline bool judge_registers(const ledger::Layout& layout, std::uint32_t leaf, std::uint32_t subleaf,
                            const ledger::CpuidRegisters& r, Result& result) {
    const auto may = ledger::value_registers(layout, leaf);
    if (!((r.eax & ~may.eax) | (r.ebx & ~may.ebx) | (r.ecx & ~may.ecx) | (r.edx & ~may.edx))) return true;
    result.fail("leaf {:x} ecx {:x}: leftovers in {:x} {:x} {:x} {:x}", leaf, subleaf, r.eax, r.ebx, r.ecx,
                r.edx);
    result.show(Symptom::leftovers);
    if (r.edx == KVM_EXIT_LEDGER_UNDEFINED_EDX) result.show(Symptom::edx_left_set);
    result.diagnose("a register that the leaf does not define is not written and leaks the host's data");
    return false;
}

/// Fails `result` if the answer for a defined exit number is the mark for undefined ones; true if it is not.
inline bool judge_hole(std::uint32_t leaf, ledger::ExitNumber exit, const ledger::CpuidRegisters& r,
                       Result& result) {
    if (r != undefined_mark) return true;
    result.fail("leaf {:x}: exit {:x} is defined, but answered as undefined", leaf, exit);
    result.show(Symptom::hole);
    result.diagnose("the host's table of defined exit numbers has a hole where no edition of the manual has "
                    "one, or the plan's "
                    "sdm= is too high");
    return false;
}

/// Do the registers outside the mask hold an ordinary leaf's data, not all of it 0? Queries the leaves that
/// KVM falls back to (get_out_of_range_cpuid_entry()).
inline bool is_ordinary(ledger::Leaves& leaves, std::uint32_t subleaf, const ledger::CpuidRegisters& seen,
                        const ledger::CpuidRegisters& mask = zeros) {
    const auto outside = [&](const ledger::CpuidRegisters& r) {
        return ledger::CpuidRegisters{r.eax & ~mask.eax, r.ebx & ~mask.ebx, r.ecx & ~mask.ecx,
                                      r.edx & ~mask.edx};
    };
    const auto highest_basic = leaves.query(0, 0).eax;
    for (const auto leaf : {highest_basic, 0u, 1u, 0x40000000u})
        if (outside(seen) != zeros && outside(seen) == outside(leaves.query(leaf, subleaf))) return true;
    return false;
}

}
