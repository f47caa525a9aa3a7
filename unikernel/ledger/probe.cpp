// The evidence for a ledger, strongest first.
#include "ledger/probe.hpp"

namespace ledger {
namespace {

// A counter that moves by more than this between two queries is no counter.
constexpr std::uint32_t plausible_growth = 1'000'000;

bool has_signature(Leaves& leaves)
{
    const auto r = leaves.query(Leaf::signature);
    return r == CpuidRegisters{KVM_EXIT_LEDGER_LEAF_LAST, KVM_EXIT_LEDGER_SIGNATURE_EBX,
                               KVM_EXIT_LEDGER_SIGNATURE_ECX, KVM_EXIT_LEDGER_SIGNATURE_EDX};
}

bool grows(Leaves& leaves, Leaf leaf, ExitNumber exit)
{
    const auto before = leaves.query(leaf, exit).eax;
    const auto growth = leaves.query(leaf, exit).eax - before;
    return growth >= 1 && growth < plausible_growth;
}

// Undefined by either vendor in any edition of the manuals.
constexpr ExitNumber never_defined = 0xfff;

bool marks_undefined_numbers(Leaves& leaves)
{
    const CpuidRegisters mark{0, 0, 0, KVM_EXIT_LEDGER_UNDEFINED_EDX};
    return leaves.query(Leaf::exit_count, never_defined) == mark &&
           leaves.query(Leaf::exit_count, cpuid_exit(leaves.numbering())) != mark;
}

}

Probe probe(Leaves& leaves)
{
    if (has_signature(leaves))
        return {true, leaves.query(Leaf::revision).eax, "the ledger's signature"};
    if (grows(leaves, Leaf::total, 0) || grows(leaves, Leaf::exit_count, cpuid_exit(leaves.numbering())))
        return {true, 0, "counters that grow with each query"};
    if (marks_undefined_numbers(leaves))
        return {true, 0, "undefined exit numbers marked as such"};

    const auto answer = leaves.query(Leaf::total);
    if (answer == CpuidRegisters{0, 0, 0, 0})
        return {false, 0, "the leaves answer zeros"};
    return {false, 0, "the leaves answer an ordinary CPUID leaf's data, the same at each call"};
}

Numbering numbering_of(std::string_view vendor)
{
    return vendor == "AuthenticAMD" || vendor == "HygonGenuine" ? Numbering::svm : Numbering::vmx;
}

}
