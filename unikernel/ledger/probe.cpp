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

bool counts_queries(Leaves& leaves)
{
    return grows(leaves, Leaf::exit_count, cpuid_exit(leaves.numbering()));
}

bool marks_undefined_numbers(Leaves& leaves)
{
    const CpuidRegisters mark{0, 0, 0, KVM_EXIT_LEDGER_UNDEFINED_EDX};
    return leaves.query(Leaf::exit_count, never_defined) == mark &&
           leaves.query(Leaf::exit_count, cpuid_exit(leaves.numbering())) != mark;
}

Probe probe_with_signature(Leaves& leaves, Numbering by_vendor)
{
    const auto answer = leaves.query(Leaf::revision);
    const auto told = static_cast<Numbering>(answer.ebx);
    const bool known = told == Numbering::vmx || told == Numbering::svm;
    return {true, known ? told : by_vendor, answer.eax, "the ledger's signature"};
}

}

Probe probe(CpuidFunction cpuid, std::string_view vendor)
{
    const auto by_vendor = numbering_of(vendor);
    const auto other = by_vendor == Numbering::vmx ? Numbering::svm : Numbering::vmx;
    Leaves leaves(cpuid, by_vendor), other_leaves(cpuid, other);

    if (has_signature(leaves))
        return probe_with_signature(leaves, by_vendor);
    constexpr std::string_view growth = "counters that grow with each query";
    if (counts_queries(leaves))
        return {true, by_vendor, 0, growth};
    if (counts_queries(other_leaves))
        return {true, other, 0, growth};
    if (grows(leaves, Leaf::total, 0))
        return {true, by_vendor, 0, growth};
    if (marks_undefined_numbers(leaves))
        return {true, by_vendor, 0, "undefined exit numbers marked as such"};

    const auto answer = leaves.query(Leaf::total);
    if (answer == CpuidRegisters{0, 0, 0, 0})
        return {false, by_vendor, 0, "the leaves answer zeros"};
    return {false, by_vendor, 0, "the leaves answer an ordinary CPUID leaf's data, the same at each call"};
}

Numbering numbering_of(std::string_view vendor)
{
    return vendor == "AuthenticAMD" || vendor == "HygonGenuine" ? Numbering::svm : Numbering::vmx;
}

}
