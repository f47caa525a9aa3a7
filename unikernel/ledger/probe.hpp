// Is there a ledger at all? Told from evidence that an unpatched host cannot give.
#pragma once

#include "ledger/leaves.hpp"

#include <cstdint>
#include <string_view>

namespace ledger {

/// What the probe found.
struct Probe {
    bool patched;            ///< false: the leaves are not a ledger's
    Numbering numbering;     ///< whose exit numbers the host goes by
    std::uint32_t revision;  ///< of our own leaves; 0: the host has only the assignment's four
    std::string_view reason; ///< the evidence, in a few words
};

/// Tells a ledger from what unpatched hosts answer: zeros on an AMD vCPU, but
/// the data of the highest basic leaf on an Intel vCPU (SDM vol. 2, CPUID,
/// "INPUT EAX = ... If a value entered is higher than the maximum"). Such data
/// is the same at every call; a ledger's counters grow with each query.
///
/// The numbering is the host's, which a vCPU of another vendor's model hides:
/// it is told by our own leaves, else by which vendor's CPUID exit counts the
/// queries, else taken from the vCPU's vendor.
/// \param vendor CPUID's vendor string
Probe probe(CpuidFunction cpuid, std::string_view vendor);

/// The numbering that goes with a CPUID vendor string: SVM for AMD and Hygon,
/// VMX for all others.
Numbering numbering_of(std::string_view vendor);

}
