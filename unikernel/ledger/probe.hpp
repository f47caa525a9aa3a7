// Is there a ledger at all, and of which make? Told from evidence that an unpatched host cannot give.
#pragma once

#include "ledger/leaves.hpp"

#include <cstdint>
#include <optional>
#include <string_view>

namespace ledger {

/// What whoever runs the audit says of the host, and the probe need not find out.
struct Told {
    const Layout* layout = nullptr;
    std::optional<ExitNumber>
        last_defined; ///< the last basic exit reason of the host's edition of Intel's manual
};

/// What the probe found.
struct Probe {
    bool patched;            ///< false: the leaves are not a ledger's
    Numbering numbering;     ///< whose exit numbers the host goes by
    std::uint32_t revision;  ///< of our own leaves; 0: the host has only the assignment's four
    std::string_view reason; ///< the evidence, in a few words
    const Layout* layout = &default_layout();   ///< which to read through: as told, else as found
    const Layout* detected = &default_layout(); ///< the layout that the leaves behave like
    bool layout_told = false;
    Edition edition{}; ///< likewise as told, else as found
    Edition detected_edition{};
    RegisterUse registers{}; ///< what answers leave in registers, looked at through `layout`

    Leaves leaves(CpuidFunction cpuid) const { return {cpuid, numbering, *layout, edition, registers}; }
};

/// Tells a ledger from what unpatched hosts answer: zeros on an AMD vCPU, but
/// the data of the highest basic leaf on an Intel vCPU (SDM vol. 2, CPUID,
/// "INPUT EAX = ... If a value entered is higher than the maximum"). Such data
/// is the same at every call; a ledger's counters grow with each query.
///
/// The numbering is the host's, which a vCPU of another vendor's model hides:
/// it is told by our own leaves, else by which vendor's CPUID exit counts the
/// queries, else taken from the vCPU's vendor. The layout is the one whose leaves
/// grow, and mark undefined numbers, most like these; the edition of the manual
/// ends before the first number from which on all are marked.
/// \param vendor CPUID's vendor string
Probe probe(CpuidFunction cpuid, std::string_view vendor, const Told& told = {});

/// The numbering that goes with a CPUID vendor string: SVM for AMD and Hygon,
/// VMX for all others.
Numbering numbering_of(std::string_view vendor);

}
