// Reading through unikernel/ledger.
#include "exitaudit/read/reader.hpp"

#include "machine/tsc.hpp"

namespace exitaudit {
namespace {

using ledger::ExitNumber;
using ledger::Leaf;
using machine::CpuidRegisters;

constexpr CpuidRegisters undefined_mark{0, 0, 0, KVM_EXIT_LEDGER_UNDEFINED_EDX};

// The ledger's code takes a plain function, so the count must be global.
ledger::CpuidFunction uncounted = nullptr;
std::uint64_t executed = 0;

CpuidRegisters counted(std::uint32_t leaf, std::uint32_t subleaf) {
    ++executed;
    return uncounted(leaf, subleaf);
}

ledger::CpuidFunction count_from_here(ledger::CpuidFunction cpuid) {
    uncounted = cpuid;
    executed = 0;
    return counted;
}

std::string vendor_by(ledger::CpuidFunction cpuid) {
    const auto r = cpuid(0, 0);
    machine::CpuidText<3> text;
    text.set(0, r.ebx);
    text.set(1, r.edx);
    text.set(2, r.ecx);
    return std::string(text.view());
}

// SDM vol. 2, CPUID: bit 31 of leaf 1's ECX is 0 on every processor; hypervisors set it for
// their guests (Documentation/virt/kvm/x86/cpuid.rst).
bool names_hypervisor(ledger::CpuidFunction cpuid) { return cpuid(1, 0).ecx >> 31; }

std::uint64_t join(std::uint32_t high, std::uint32_t low) { return std::uint64_t{high} << 32 | low; }

} // namespace

ledger::Overrides overrides_of(const LedgerOptions& options) {
    return {.layout = ledger::find_layout(options.layout), .last_defined = options.sdm};
}

LedgerReader::LedgerReader(ledger::CpuidFunction cpuid, const ledger::Overrides& overrides)
    : in_vm_(names_hypervisor(count_from_here(cpuid))), vendor_(vendor_by(counted)),
      profile_(ledger::profile(counted, vendor_, machine::open_measurement, overrides)),
      leaves_(profile_.leaves(counted)),
      has_histograms_(!narrow() && leaves_.query_raw(KVM_EXIT_LEDGER_LEAF_REVISION, 0).ecx != 0) {}

std::optional<Error> LedgerReader::obstacle() const {
    if (profile_.patched) return std::nullopt;
    if (in_vm_) return Error(fmt::format("not patched: {}", profile_.reason), ExitCode::not_patched);
    return Error(fmt::format("not in a virtual machine: CPUID names no hypervisor, and {}; run it in a guest",
                             profile_.reason));
}

std::vector<ExitNumber> LedgerReader::defined() const {
    std::vector<ExitNumber> exits;
    for (ExitNumber exit = 0; exit < ledger::exit_number_end; ++exit)
        if (leaves_.defines(exit)) exits.push_back(exit);
    return exits;
}

Row LedgerReader::row(ExitNumber exit) {
    Row row{.exit = exit};
    const auto answer = leaves_.query(narrow() ? Leaf::exit_count : Leaf::inside, exit);
    row.undefined = answer == undefined_mark;
    if (row.undefined) return row;
    row.count = narrow() ? answer.eax : join(answer.ebx, answer.eax);
    if (exit == ledger::cpuid_exit(leaves_.numbering())) row.own = queries();
    if (!narrow()) row.inside = join(answer.edx, answer.ecx);
    if (leaves_.layout().has(Leaf::exit_cycles)) row.cycles = row.count ? leaves_.cycles(exit) : 0;
    return row;
}

Row LedgerReader::whole_row(ExitNumber exit) {
    auto whole = row(exit);
    if (!narrow() && !whole.undefined)
        whole.extremes = whole.count ? leaves_.extremes(exit) : ledger::Leaves::Extremes{};
    return whole;
}

Buckets LedgerReader::buckets(ExitNumber exit) {
    Buckets buckets(KVM_EXIT_LEDGER_BUCKETS);
    const auto [shortest, longest] = leaves_.extremes(exit);
    for (auto k = bucket_of(shortest); k <= bucket_of(longest); ++k) {
        const auto selected = exit | static_cast<std::uint32_t>(k) << KVM_EXIT_LEDGER_BUCKET_SHIFT;
        const auto answer = leaves_.query_raw(KVM_EXIT_LEDGER_LEAF_HISTOGRAM, selected);
        buckets[k] = join(answer.ebx, answer.eax);
    }
    return buckets;
}

Totals LedgerReader::totals() {
    const auto count = leaves_.total();
    return {count, queries(), leaves_.cycles()};
}

std::uint64_t LedgerReader::queries() const { return executed; }

} // namespace exitaudit
