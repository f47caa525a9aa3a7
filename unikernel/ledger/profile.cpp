// The experiments behind a host's profile.
#include "ledger/profile.hpp"

#include <asm/svm.h>
#include <asm/vmx.h>

#include <algorithm>
#include <array>
#include <bit>
#include <tuple>

namespace ledger {
namespace {

// A counter that moves by more than this between two queries is no counter.
constexpr std::uint32_t plausible_growth = 1'000'000;

// The embedded host runs a VM first whose only exits that firmware does not cause are these.
constexpr ExitNumber hypercall(Numbering numbering) {
    return exit_of(numbering, EXIT_REASON_VMCALL, SVM_EXIT_VMMCALL);
}

bool has_signature(Leaves& leaves) { return leaves.query(Leaf::signature) == signature; }

// What one leaf does, a bit each.
enum Sign : unsigned {
    marks = 1,        // marks an undefined exit number, and CPUID's not
    counts_all = 2,   // EAX grows, asked for an undefined exit number
    counts_cpuid = 4, // EAX grows, asked for CPUID's
    times_all = 8,    // EBX:ECX moves, likewise
    times_cpuid = 16,
};

unsigned growth_signs(const CpuidRegisters& before, const CpuidRegisters& after, Sign counts, Sign times) {
    const auto growth = after.eax - before.eax;
    unsigned signs = growth >= 1 && growth < plausible_growth ? unsigned{counts} : 0;
    if (before.ebx != after.ebx || before.ecx != after.ecx) signs |= times;
    return signs;
}

unsigned signs_of(Leaves& leaves, std::uint32_t leaf) {
    const auto cpuid = cpuid_exit(leaves.numbering());
    const auto undefined = leaves.query(leaf, never_defined);
    leaves.query(0, 0);
    const auto undefined_again = leaves.query(leaf, never_defined);
    const auto own = leaves.query(leaf, cpuid);
    leaves.query(0, 0); // counts even where queries do not
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

Signs expected_signs(const Layout& layout) {
    Signs signs{};
    signs[layout.total - first_leaf] |= counts_all | counts_cpuid;
    signs[layout.cycles - first_leaf] |= times_all | times_cpuid;
    signs[layout.exit_count - first_leaf] |= marks | counts_cpuid;
    if (layout.has(Leaf::exit_cycles)) signs[layout.exit_cycles - first_leaf] |= marks | times_cpuid;
    return signs;
}

// Does the leaf answer as where there is no ledger: get_out_of_range_cpuid_entry()?
bool is_answered(Leaves& leaves, std::uint32_t leaf, bool zeros_out_of_range) {
    const auto highest = leaves.query(0, 0).eax;
    const auto answers_otherwise = [&](ExitNumber exit) {
        const auto fallback = zeros_out_of_range ? CpuidRegisters{} : leaves.query(highest, exit);
        return leaves.query(leaf, exit) != fallback;
    };
    return answers_otherwise(cpuid_exit(leaves.numbering())) || answers_otherwise(never_defined);
}

// What the four leaves do, if the host goes by this numbering, and the layout nearest to it.
struct Behaviour {
    Numbering numbering;
    bool grows, counts, marks_some;
    bool counts_own; // a leaf grows if asked for CPUID's number, and not for an undefined one
    std::array<bool, std::tuple_size_v<Signs>> answered;
    const Layout* layout;
    unsigned misses; // signs that differ from the layout's

    bool is_answered(std::uint32_t leaf) const { return leaf != 0 && answered[leaf - first_leaf]; }

    unsigned unanswered() const { return static_cast<unsigned>(std::ranges::count(answered, false)); }

    // Where one leaf alone is not answered, or nothing grows, the leaf is there and goes wrong.
    bool lacks_leaves() const { return unanswered() > 1 && grows; }
};

// Signs that differ, but for those of leaves that the host lacks.
unsigned misses(const Behaviour& behaviour, const Signs& seen, const Signs& expected) {
    unsigned count = 0;
    for (std::size_t i = 0; i < seen.size(); i++)
        if (behaviour.answered[i] || !behaviour.lacks_leaves())
            for (auto bits = seen[i] ^ expected[i]; bits; bits &= bits - 1) count++;
    return count;
}

Behaviour observe(CpuidFunction cpuid, Numbering numbering, bool zeros_out_of_range) {
    Leaves leaves(cpuid, numbering);
    Signs seen;
    unsigned any = 0;
    Behaviour behaviour{numbering, false, false, false, false, {}, nullptr, ~0u};
    for (std::size_t i = 0; i < seen.size(); i++) {
        const auto leaf = first_leaf + static_cast<std::uint32_t>(i);
        any |= seen[i] = signs_of(leaves, leaf);
        behaviour.counts_own |= (seen[i] & counts_cpuid && !(seen[i] & counts_all)) ||
                                (seen[i] & times_cpuid && !(seen[i] & times_all));
        behaviour.answered[i] = seen[i] != 0 || is_answered(leaves, leaf, zeros_out_of_range);
    }
    behaviour.grows = (any & ~unsigned{marks}) != 0;
    behaviour.counts = (any & (counts_all | counts_cpuid)) != 0;
    behaviour.marks_some = (any & marks) != 0;
    for (const auto& layout : layouts())
        if (const auto count = misses(behaviour, seen, expected_signs(layout)); count < behaviour.misses) {
            behaviour.layout = &layout;
            behaviour.misses = count;
        }
    return behaviour;
}

bool is_marked(Leaves& leaves, ExitNumber exit) {
    return leaves.query(Leaf::exit_count, exit) == undefined_mark;
}

// The edition whose table ends with `last`, with its hole or without it, as on this host.
Edition edition_ending_at(Leaves& leaves, ExitNumber last) {
    return {last, last > Edition::last_with_hole || !is_marked(leaves, Edition::pconfig)};
}

// The last number that is not marked ends the table. A host that marks more than any
// edition leaves out, or nothing, is measured by the current one.
Edition observe_edition(Leaves& leaves) {
    if (leaves.numbering() != Numbering::vmx) return {};
    for (auto last = Edition::current; last >= Edition::earliest; last--)
        if (is_defined(Numbering::vmx, last) && !is_marked(leaves, last))
            return edition_ending_at(leaves, last);
    return {};
}

void observe_own_leaves(Leaves& leaves, Profile& found) {
    const auto answer = leaves.query(Leaf::revision);
    const auto numbering = static_cast<Numbering>(answer.ebx);
    if (numbering == Numbering::vmx || numbering == Numbering::svm) found.numbering = numbering;
    found.revision = answer.eax;
    found.histograms = answer.ecx == KVM_EXIT_LEDGER_BUCKETS;
    found.reason = "the ledger's signature";
}

std::string_view reason_against(Leaves& leaves) {
    return leaves.query(Leaf::total) == zeros
               ? "the leaves answer zeros"
               : "the leaves answer an ordinary CPUID leaf's data, the same at each call";
}

Answer kind_of(const CpuidRegisters& answer) {
    return answer == zeros ? Answer::all_zeros : answer == undefined_mark ? Answer::mark : Answer::other;
}

// By how much a query raises a count that reads itself; 1 unless another number is certain.
// \param exact whether nothing but queries raises it
template <typename Read> unsigned observe_growth(Read read, bool exact) {
    constexpr unsigned pairs = 16;
    std::array<std::uint32_t, pairs> growth;
    for (auto& grown : growth) {
        const auto before = read();
        grown = read() - before;
    }
    const auto least = std::ranges::min(growth);
    const bool certain = std::ranges::count(growth, least) >= (exact ? pairs : pairs / 2);
    return certain && (least == 0 || least == 2 || least == 4) ? least : 1;
}

// Is it each time impossible that these cycles passed, and possible with their words exchanged?
bool observe_swapped_words(Leaves& leaves, std::uint64_t (*clock)()) {
    const auto read = [&] {
        return leaves.has(Leaf::cycles) ? leaves.cycles() : leaves.cycles(cpuid_exit(leaves.numbering()));
    };
    constexpr unsigned rounds = 3, queries = 20;
    for (unsigned round = 0; round < rounds; round++) {
        const auto start = clock();
        const auto before = read();
        for (unsigned i = 0; i < queries; i++) leaves.query(0, 0);
        const auto after = read();
        const auto window = clock() - start;
        const auto can_pass = [&](std::uint64_t cycles) { return cycles > 0 && cycles <= window; };
        if (can_pass(after - before) || !can_pass(std::rotl(after, 32) - std::rotl(before, 32))) return false;
    }
    return true;
}

std::uint32_t distance(std::uint32_t a, std::uint32_t b) { return std::min(a - b, b - a); }

// Nothing but the queries happens between the readings, and exits of other VMs, if they are counted here.
ExitSet observe_moving(Leaves& leaves) {
    constexpr unsigned rounds = 3;
    constexpr std::uint32_t least = 500; // a busy VM causes far fewer exits in the time of a query
    ExitSet moving;
    for (ExitNumber exit = 0; exit < exit_number_end; exit++) {
        if (!leaves.defines(exit) || exit == cpuid_exit(leaves.numbering())) continue;
        unsigned jumps = 0;
        auto last = leaves.count(exit);
        for (unsigned round = 0; round < rounds && jumps == round; round++) {
            const auto next = leaves.count(exit);
            jumps += distance(next, last) >= least;
            last = next;
        }
        if (jumps == rounds) moving.add(exit);
    }
    return moving;
}

// Taken in turns, so that both meet the same disturbances.
QueryCost observe_cost(Leaves& leaves, std::uint64_t (*clock)()) {
    std::array<std::uint64_t, 31> ordinary, query;
    const auto leaf = *std::ranges::find_if(assigned_leaves, [&](Leaf each) { return leaves.has(each); });
    const auto exit = cpuid_exit(leaves.numbering());
    for (std::size_t i = 0; i < query.size(); i++) {
        auto start = clock();
        leaves.query(0, 0);
        ordinary[i] = clock() - start;
        start = clock();
        leaves.query(leaf, exit);
        query[i] = clock() - start;
    }
    const auto median = [](auto& cycles) {
        std::ranges::sort(cycles);
        return cycles[cycles.size() / 2];
    };
    return {median(ordinary), median(query)};
}

void observe_rules(Leaves& leaves, Profile& found) {
    for (const auto leaf : {Leaf::exit_count, Leaf::exit_cycles})
        if (leaves.has(leaf)) {
            found.undefined = kind_of(leaves.query(leaf, never_defined));
            found.not_enabled = kind_of(leaves.query(leaf, never_handled(leaves.numbering())));
            return;
        }
}

// The leaves and the layout that they have.
void observe_layout(const Behaviour& behaviour, const Overrides& overrides, Profile& found) {
    found.detected = *behaviour.layout;
    found.layout_given = overrides.layout != nullptr;
    const auto& full = overrides.layout ? *overrides.layout : found.detected;
    found.layout = full;
    if (!behaviour.lacks_leaves()) return;
    found.layout = full.without_missing([&](std::uint32_t leaf) { return behaviour.is_answered(leaf); });
    for (const auto leaf : assigned_leaves) found.missing += full.has(leaf) && !found.layout.has(leaf);
}

}

ExitNumber never_handled(Numbering numbering) {
    return exit_of(numbering, EXIT_REASON_SIPI_SIGNAL, SVM_EXIT_IDTR_WRITE);
}

Rows Profile::rows() const {
    auto rows = all_rows(numbering);
    for (const auto exit : moving.all()) rows[exit] = false;
    return rows;
}

Profile profile(CpuidFunction cpuid, std::string_view vendor, std::uint64_t (*clock)(),
                const Overrides& overrides) {
    const auto by_vendor = numbering_of(vendor);
    const bool zeros_out_of_range = by_vendor == Numbering::svm;
    auto behaviour = observe(cpuid, by_vendor, zeros_out_of_range);
    const auto other =
        observe(cpuid, by_vendor == Numbering::vmx ? Numbering::svm : Numbering::vmx, zeros_out_of_range);
    // Leaves that seem missing by one numbering may answer by the other, if its row of CPUID exits grows.
    const auto lacks = [](const Behaviour& b) { return std::pair(b.unanswered(), b.misses); };
    if (other.counts_own && lacks(other) < lacks(behaviour)) behaviour = other;

    Leaves plain(cpuid, by_vendor);
    Profile found;
    found.numbering = behaviour.numbering;
    found.patched = true;
    found.reason = "counters that grow with each query";
    if (has_signature(plain)) {
        observe_own_leaves(plain, found);
    } else if (!behaviour.grows) {
        found.patched = behaviour.marks_some;
        found.reason = found.patched ? "undefined exit numbers marked as such" : reason_against(plain);
    }
    if (!found.patched) {
        found.numbering = by_vendor;
        return found;
    }

    observe_layout(behaviour, overrides, found);
    found.registers = RegisterUse::observe(cpuid, found.layout, cpuid_exit(found.numbering),
                                           never_handled(found.numbering));
    auto leaves = found.leaves(cpuid);
    found.scope = !leaves.has(Leaf::exit_count)                   ? Scope::unknown
                  : leaves.count(hypercall(found.numbering)) != 0 ? Scope::host
                                                                  : Scope::vm;
    found.detected_edition = observe_edition(leaves);
    found.edition =
        overrides.last_defined ? edition_ending_at(leaves, *overrides.last_defined) : found.detected_edition;
    observe_rules(leaves, found);
    found.grows = behaviour.counts || !(leaves.has(Leaf::exit_count) || leaves.has(Leaf::total));
    if (leaves.has(Leaf::exit_count))
        found.self_count = observe_growth([&] { return leaves.count(cpuid_exit(found.numbering)); }, true);
    if (leaves.has(Leaf::total)) found.total_count = observe_growth([&] { return leaves.total(); }, false);
    found.words_swapped = observe_swapped_words(leaves, clock);
    found.moving = observe_moving(leaves);
    found.cost = observe_cost(leaves, clock);
    return found;
}

Numbering numbering_of(std::string_view vendor) {
    return vendor == "AuthenticAMD" || vendor == "HygonGenuine" ? Numbering::svm : Numbering::vmx;
}

}
