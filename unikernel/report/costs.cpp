// The parts of the log about a host without a ledger: what it is, and what its exits cost.
#include "report/report.hpp"

#include "machine/hypervisor.hpp"
#include "report/json.hpp"

namespace report {
namespace {

// SDM vol. 2, CPUID, Version Information: the extended fields count for some families alone.
struct Model {
    std::uint32_t family, model, stepping;

    explicit Model(std::uint32_t version)
        : family(version >> 8 & 0xf), model(version >> 4 & 0xf), stepping(version & 0xf) {
        constexpr std::uint32_t extended = 15, old_extended = 6;
        if (family == extended || family == old_extended) model |= version >> 12 & 0xf0;
        if (family == extended) family += version >> 20 & 0xff;
    }
};

void write_hypervisor(JsonObject& record, std::uint32_t leaf, const machine::Hypervisor& hypervisor) {
    record.nested_object()
        .member("leaf", leaf)
        .member("signature", hypervisor.signature.view())
        .member("highest", hypervisor.highest)
        .member("eax", hypervisor.features.eax)
        .member("ebx", hypervisor.features.ebx)
        .member("ecx", hypervisor.features.ecx)
        .member("edx", hypervisor.features.edx)
        .end();
}

std::string_view family_of(std::string_view name) { return name.substr(0, name.find('.')); }

}

void Report::platform() {
    const auto vendor = machine::vendor();
    const auto brand = machine::brand();
    const Model cpu(machine::cpuid(1).eax);
    sink_.format("# processor: {} family {:x} model {:x} stepping {}, {}\n", vendor.view(), cpu.family,
                 cpu.model, cpu.stepping, brand.view());
    for (const auto leaf : machine::hypervisor_leaves)
        if (const auto found = machine::hypervisor_at(leaf); !found.signature.view().empty())
            sink_.format("# hypervisor: {}, leaves {:x} to {:x}, features {:x}\n", found.signature.view(),
                         leaf, std::max(leaf, found.highest), found.features.eax);
    JsonRecord record(sink_, "platform");
    record.member("vendor", vendor.view()).member("brand", brand.view()).member("family", cpu.family);
    record.member("model", cpu.model).member("stepping", cpu.stepping);
    record.array("hypervisors");
    for (const auto leaf : machine::hypervisor_leaves)
        if (const auto found = machine::hypervisor_at(leaf); !found.signature.view().empty())
            write_hypervisor(record, leaf, found);
    record.end_array();
}

void Report::costs(std::span<const audit::Result> results) {
    if (!writes(plan::Form::table)) return;
    sink_.format(
        "#\n# Cycles per firing as the guest saw them, by family:\n# {:-29} {:8} {:9} {:9} {:9} {:9}\n",
        "trigger", "firings", "min", "median", "mean", "p99");
    std::string_view family;
    std::uint64_t empty = 0;
    for (const auto& result : results) {
        if (!result.measurement) continue;
        if (family_of(result.name) != family) sink_.format("# {}\n", family = family_of(result.name));
        const auto& m = *result.measurement;
        sink_.format("#   {:-27} {:8} {:9} {:9} {:9} {:9}\n", result.name, m.firings, m.guest.min,
                     m.guest.median, m.guest.mean, m.guest.p99);
        empty = m.empty;
    }
    sink_.format("# An empty firing costs {} cycles; they are not subtracted.\n#\n", empty);
}

}
