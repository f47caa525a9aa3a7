// Ordinary leaves and leaves out of range.
#include "audit/rules/rules.hpp"

#include "audit/rules/answer.hpp"

#include <algorithm>
#include <array>

namespace audit {
namespace {

using ledger::CpuidRegisters;
using ledger::Leaf;
using ledger::Leaves;

constexpr std::uint32_t hypervisor_base = 0x40000000, extended_base = 0x80000000;

struct Query {
    std::uint32_t leaf, subleaf;
    CpuidRegisters answer;
};

// This vCPU's answers to ordinary leaves. They change only with CR4, XCR0 or the APIC's ID
// (kvm_update_cpuid_runtime()), which stay the same here.
class Ordinary {
public:
    explicit Ordinary(Leaves& leaves) : leaves_(leaves) {
        const auto basic = record(0, 0);
        max_basic = basic.eax;
        zeros_out_of_range = ledger::numbering_of(vendor(basic)) == ledger::Numbering::svm;
        for (std::uint32_t leaf = 1; leaf <= std::min(max_basic, 0x1fu); leaf++)
            for (std::uint32_t subleaf = 0; subleaf < 3; subleaf++) record(leaf, subleaf);
        record(hypervisor_base, 0);
        record(hypervisor_base + 1, 0);
        max_extended = record(extended_base, 0).eax;
        if (max_extended < extended_base) max_extended = extended_base;
        for (auto leaf = extended_base + 1; leaf <= std::min(max_extended, extended_base + 0x1f); leaf++)
            for (std::uint32_t subleaf = 0; subleaf < 2; subleaf++) record(leaf, subleaf);
    }

    const Query* begin() const { return queries_.data(); }
    const Query* end() const { return queries_.data() + size_; }

    std::uint32_t max_basic, max_extended;
    bool zeros_out_of_range;
private:
    CpuidRegisters record(std::uint32_t leaf, std::uint32_t subleaf) {
        const auto answer = leaves_.query(leaf, subleaf);
        queries_[size_++] = {leaf, subleaf, answer};
        return answer;
    }

    static std::string_view vendor(const CpuidRegisters& r) {
        // "Auth", "Hygo": the first characters suffice.
        return r.ebx == 0x68747541 ? "AuthenticAMD" : r.ebx == 0x6f677948 ? "HygonGenuine" : "";
    }

    Leaves& leaves_;
    std::array<Query, 1 + 0x1f * 3 + 2 + 1 + 0x1f * 2> queries_{};
    std::size_t size_ = 0;
};

void ask_the_ledger(Leaves& leaves) {
    for (const auto leaf : {Leaf::signature, Leaf::revision, Leaf::extremes, Leaf::inside, Leaf::total,
                            Leaf::cycles, Leaf::exit_count, Leaf::exit_cycles})
        if (leaves.layout().has(leaf))
            for (const std::uint32_t exit : {0u, 1u, 35u, ledger::cpuid_exit(leaves.numbering()), ~0u})
                leaves.query(leaf, exit);
}

void judge_subleaves(Leaves& leaves, const Ordinary& ordinary, Result& result) {
    // Leaves without subleaves: ECX is ignored (kvm_find_cpuid_entry_index()).
    for (const auto leaf : {0u, 1u, extended_base}) {
        const auto plain = leaves.query(leaf, 0);
        if (!judge_answer(leaf, ~0u, plain, leaves.query(leaf, ~0u), result))
            result.diagnose("a leaf without subleaves depends on ECX: the ledger's code answers more than "
                            "its own leaves");
    }
    // SDM vol. 2, CPUID, leaf 0BH: "ECX[7:0]: the same value as ECX input". kvm_cpuid() ensures it wherever
    // subleaf 1 exists.
    constexpr std::uint32_t topology = 0xb, subleaf = 5;
    if (ordinary.max_basic < topology || leaves.query(topology, 1) == zeros) return;
    if (const auto r = leaves.query(topology, subleaf); (r.ecx & 0xff) != subleaf) {
        result.fail("leaf {:x} ecx {:x}: CL is {:x}", topology, subleaf, r.ecx & 0xff);
        result.diagnose("subleaves no longer reach ordinary leaves");
    }
}

// The leaves that report the end of their range. The range from 0x40000000 is a hypervisor's: one that
// reports its presence (CPUID.1:ECX[31]) describes itself there.
void judge_limits(Leaves& leaves, const Ordinary& ordinary, Result& result) {
    if (ordinary.max_basic >= hypervisor_base) {
        result.fail("leaf 0: the highest basic leaf is {:x}", ordinary.max_basic);
        result.diagnose("leaf 0 reports leaves that are not basic ones: it must not change");
    }
    constexpr std::uint32_t hypervisor_present = 1u << 31;
    const auto described = leaves.query(hypervisor_base, 0);
    if ((leaves.query(1, 0).ecx & hypervisor_present) && described == zeros) {
        result.fail("leaf {:x}: zeros, though leaf 1 reports a hypervisor", hypervisor_base);
        result.diagnose(
            "KVM's own leaves are lost: the ledger's range covers them, unless user space hides KVM");
    }
}

unsigned judge_out_of_range(Leaves& leaves, const Ordinary& ordinary, bool own_leaves, Result& result) {
    const std::uint32_t out_of_range[] = {
        ordinary.max_basic + 1, 0x3fffffff, 0x4ffffe00, 0x4ffffefe, 0x4ffffeff, 0x50000000, 0x5fffffff,
        0x7fffffff, ordinary.max_extended + 1, 0xbfffffff, 0xfffffffe, 0xffffffff,
        // In the ledger's range, and answered only by hosts with this project's own leaves.
        KVM_EXIT_LEDGER_LEAF_FIRST, KVM_EXIT_LEDGER_LEAF_REVISION, KVM_EXIT_LEDGER_LEAF_INSIDE};
    unsigned answers = 0;
    for (const auto leaf : out_of_range) {
        if (own_leaves && leaf >= KVM_EXIT_LEDGER_LEAF_FIRST && leaf <= KVM_EXIT_LEDGER_LEAF_LAST) continue;
        for (const std::uint32_t subleaf : {0u, 1u, 0x72u}) {
            const auto expected =
                ordinary.zeros_out_of_range ? zeros : leaves.query(ordinary.max_basic, subleaf);
            answers++;
            if (!judge_answer(leaf, subleaf, expected, leaves.query(leaf, subleaf), result))
                result.diagnose("a leaf outside the ledger no longer answers as KVM does without one");
        }
    }
    return answers;
}

}

void judge_other_leaves(const Bench& bench, Result& result) {
    auto& leaves = bench.leaves;
    const Ordinary ordinary(leaves);
    ask_the_ledger(leaves);
    unsigned answers = 0;
    for (const auto& [leaf, subleaf, answer] : ordinary) {
        answers++;
        if (!judge_answer(leaf, subleaf, answer, leaves.query(leaf, subleaf), result))
            result.diagnose("an ordinary leaf's answer changes after queries of the ledger");
    }
    judge_limits(leaves, ordinary, result);
    judge_subleaves(leaves, ordinary, result);
    answers += judge_out_of_range(leaves, ordinary, bench.profile.revision != 0, result);
    if (result.outcome == Outcome::not_ok)
        result.show(Symptom::other_leaf);
    else
        result.message.format("{} answers of leaves that are not the ledger's are KVM's own", answers);
}

}
