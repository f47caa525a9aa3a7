// The evidence for a ledger, for its layout and for its edition of the manual.
#include "ledger/probe.hpp"

#include <asm/svm.h>
#include <asm/vmx.h>

#include <array>

namespace ledger {
namespace {

// A counter that moves by more than this between two queries is no counter.
constexpr std::uint32_t plausible_growth = 1'000'000;

constexpr CpuidRegisters undefined_mark{0, 0, 0, KVM_EXIT_LEDGER_UNDEFINED_EDX};

// Defined, and handled by no Linux that there is a series for.
constexpr ExitNumber not_enabled(Numbering numbering)
{
    return numbering == Numbering::vmx ? ExitNumber{EXIT_REASON_SIPI_SIGNAL}
                                       : ExitNumber{SVM_EXIT_IDTR_WRITE};
}

bool has_signature(Leaves& leaves)
{
    const auto r = leaves.query(Leaf::signature);
    return r == CpuidRegisters{KVM_EXIT_LEDGER_LEAF_LAST, KVM_EXIT_LEDGER_SIGNATURE_EBX,
                               KVM_EXIT_LEDGER_SIGNATURE_ECX, KVM_EXIT_LEDGER_SIGNATURE_EDX};
}

// What one leaf does, a bit each.
enum Sign : unsigned {
    marks = 1,        // marks an undefined exit number, and CPUID's not
    counts_all = 2,   // EAX grows, asked for an undefined exit number
    counts_cpuid = 4, // EAX grows, asked for CPUID's
    times_all = 8,    // EBX:ECX moves, likewise
    times_cpuid = 16,
};

unsigned growth_signs(const CpuidRegisters& before, const CpuidRegisters& after, Sign counts, Sign times)
{
    const auto growth = after.eax - before.eax;
    unsigned signs = growth >= 1 && growth < plausible_growth ? unsigned{counts} : 0;
    if (before.ebx != after.ebx || before.ecx != after.ecx)
        signs |= times;
    return signs;
}

unsigned signs_of(Leaves& leaves, std::uint32_t leaf)
{
    const auto cpuid = cpuid_exit(leaves.numbering());
    const auto undefined = leaves.query(leaf, never_defined);
    const auto undefined_again = leaves.query(leaf, never_defined);
    const auto own = leaves.query(leaf, cpuid);
    const auto own_again = leaves.query(leaf, cpuid);
    // The other registers may carry something.
    const auto mark = undefined_mark.edx;
    unsigned signs = undefined.edx == mark && own.edx != mark ? unsigned{marks} : 0;
    signs |= growth_signs(undefined, undefined_again, counts_all, times_all);
    signs |= growth_signs(own, own_again, counts_cpuid, times_cpuid);
    return signs;
}

constexpr std::uint32_t first_leaf = KVM_EXIT_LEDGER_LEAF_TOTAL;

using Signs = std::array<unsigned, KVM_EXIT_LEDGER_LEAF_LAST - first_leaf + 1>;

Signs expected_signs(const Layout& layout)
{
    Signs signs{};
    signs[layout.total - first_leaf] |= counts_all | counts_cpuid;
    signs[layout.cycles - first_leaf] |= times_all | times_cpuid;
    signs[layout.exit_count - first_leaf] |= marks | counts_cpuid;
    if (layout.has(Leaf::exit_cycles))
        signs[layout.exit_cycles - first_leaf] |= marks | times_cpuid;
    return signs;
}

unsigned differences(const Signs& a, const Signs& b)
{
    unsigned count = 0;
    for (std::size_t i = 0; i < a.size(); i++)
        for (auto bits = a[i] ^ b[i]; bits; bits &= bits - 1)
            count++;
    return count;
}

// What the four leaves do, if the host goes by this numbering, and the layout nearest to it.
struct Behaviour {
    Numbering numbering;
    bool grows, marks_some;
    const Layout* layout;
    unsigned misses; // signs that differ from the layout's
};

Behaviour observe(CpuidFunction cpuid, Numbering numbering)
{
    Leaves leaves(cpuid, numbering);
    Signs seen;
    unsigned any = 0;
    for (std::size_t i = 0; i < seen.size(); i++)
        any |= seen[i] = signs_of(leaves, first_leaf + static_cast<std::uint32_t>(i));

    Behaviour behaviour{numbering, (any & (counts_all | counts_cpuid)) != 0, (any & marks) != 0, nullptr,
                        ~0u};
    for (const auto& layout : layouts()) {
        const auto misses = differences(seen, expected_signs(layout));
        if (misses < behaviour.misses) {
            behaviour.layout = &layout;
            behaviour.misses = misses;
        }
    }
    return behaviour;
}

bool is_marked(Leaves& leaves, ExitNumber exit)
{
    return leaves.query(Leaf::exit_count, exit) == undefined_mark;
}

// The edition whose table ends with `last`, with or without its hole as the host has it.
Edition edition_ending_at(Leaves& leaves, ExitNumber last)
{
    return {last, last > Edition::last_with_hole || !is_marked(leaves, Edition::pconfig)};
}

// The last number that is not marked ends the table. A host that marks more than any
// edition leaves out, or nothing, is measured by the current one.
Edition observe_edition(Leaves& leaves)
{
    if (leaves.numbering() != Numbering::vmx)
        return {};
    for (auto last = Edition::current; last >= Edition::earliest; last--)
        if (is_defined(Numbering::vmx, last) && !is_marked(leaves, last))
            return edition_ending_at(leaves, last);
    return {};
}

void observe_own_leaves(Leaves& leaves, Probe& probe)
{
    const auto answer = leaves.query(Leaf::revision);
    const auto told = static_cast<Numbering>(answer.ebx);
    if (told == Numbering::vmx || told == Numbering::svm)
        probe.numbering = told;
    probe.revision = answer.eax;
    probe.reason = "the ledger's signature";
}

std::string_view reason_against(Leaves& leaves)
{
    return leaves.query(Leaf::total) == CpuidRegisters{0, 0, 0, 0}
               ? "the leaves answer zeros"
               : "the leaves answer an ordinary CPUID leaf's data, the same at each call";
}

}

Probe probe(CpuidFunction cpuid, std::string_view vendor, const Told& told)
{
    const auto by_vendor = numbering_of(vendor);
    auto behaviour = observe(cpuid, by_vendor);
    const auto other = observe(cpuid, by_vendor == Numbering::vmx ? Numbering::svm : Numbering::vmx);
    if (other.misses < behaviour.misses)
        behaviour = other;

    Leaves plain(cpuid, by_vendor);
    Probe probe{true, behaviour.numbering, 0, "counters that grow with each query"};
    if (has_signature(plain)) {
        observe_own_leaves(plain, probe);
    } else if (!behaviour.grows) {
        probe.patched = behaviour.marks_some;
        probe.reason = probe.patched ? "undefined exit numbers marked as such" : reason_against(plain);
    }
    if (!probe.patched)
        return {false, by_vendor, 0, probe.reason};

    probe.detected = behaviour.layout;
    probe.layout_told = told.layout != nullptr;
    probe.layout = told.layout ? told.layout : probe.detected;
    probe.registers =
        RegisterUse::observe(cpuid, *probe.layout, cpuid_exit(probe.numbering), not_enabled(probe.numbering));
    auto leaves = probe.leaves(cpuid);
    probe.detected_edition = observe_edition(leaves);
    probe.edition =
        told.last_defined ? edition_ending_at(leaves, *told.last_defined) : probe.detected_edition;
    return probe;
}

Numbering numbering_of(std::string_view vendor)
{
    return vendor == "AuthenticAMD" || vendor == "HygonGenuine" ? Numbering::svm : Numbering::vmx;
}

}
