// Observing and undoing what a host leaves in registers.
#include "ledger/registers.hpp"

namespace ledger {
namespace {

// Replaces by zeros what an instruction that wrote nothing would have left.
CpuidRegisters without_inputs(std::uint32_t leaf, std::uint32_t subleaf, const CpuidRegisters& r) {
    return {r.eax == leaf ? 0 : r.eax, r.ebx == machine::poison ? 0 : r.ebx, r.ecx == subleaf ? 0 : r.ecx,
            r.edx == machine::poison ? 0 : r.edx};
}

constexpr std::uint32_t marked(std::uint32_t value) { return value ? ~0u : 0; }

}

void RegisterUse::look(std::uint32_t leaf, std::uint32_t subleaf, const CpuidRegisters& answer,
                       const Layout& layout) {
    const auto written = without_inputs(leaf, subleaf, answer);
    // What lies in memory behind the host's table may be in any register.
    if (subleaf == never_defined && written.edx != KVM_EXIT_LEDGER_UNDEFINED_EDX) return;
    unwritten_ = unwritten_ || written != answer;
    const auto value = value_registers(layout, leaf);
    auto& dirty = dirty_[leaf - first];
    dirty.eax |= marked(written.eax & ~value.eax);
    dirty.ebx |= marked(written.ebx & ~value.ebx);
    dirty.ecx |= marked(written.ecx & ~value.ecx);
    const bool has_value = (written.eax & value.eax) | (written.ebx & value.ebx) | (written.ecx & value.ecx);
    if (written.edx == KVM_EXIT_LEDGER_UNDEFINED_EDX)
        marks_values_ = marks_values_ || (has_value && subleaf != never_defined);
    else if (subleaf != never_defined)
        dirty.edx |= marked(written.edx);
}

RegisterUse RegisterUse::observe(CpuidRegisters (*ask)(std::uint32_t leaf, std::uint32_t subleaf),
                                 const Layout& layout, std::uint32_t cpuid_exit, std::uint32_t not_enabled) {
    RegisterUse use;
    for (auto leaf = KVM_EXIT_LEDGER_LEAF_TOTAL; leaf <= KVM_EXIT_LEDGER_LEAF_LAST; leaf++) {
        if (value_registers(layout, leaf) == CpuidRegisters{}) continue;
        for (const auto subleaf : {cpuid_exit, not_enabled, never_defined})
            use.look(leaf, subleaf, ask(leaf, subleaf), layout);
    }
    return use;
}

CpuidRegisters RegisterUse::clean(std::uint32_t leaf, std::uint32_t subleaf, bool defined,
                                  CpuidRegisters answer) const {
    if (is_clean() || leaf < KVM_EXIT_LEDGER_LEAF_FIRST || leaf > KVM_EXIT_LEDGER_LEAF_LAST) return answer;
    if (unwritten_) answer = without_inputs(leaf, subleaf, answer);
    if (leaf < first) return answer;
    const auto& dirty = dirty_[leaf - first];
    answer.eax &= ~dirty.eax;
    answer.ebx &= ~dirty.ebx;
    answer.ecx &= ~dirty.ecx;
    const bool mark = answer.edx == KVM_EXIT_LEDGER_UNDEFINED_EDX;
    if (mark ? marks_values_ && defined : dirty.edx != 0) answer.edx = 0;
    return answer;
}

}
