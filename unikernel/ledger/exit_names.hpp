// What the kernel calls each exit.
#pragma once

#include "ledger/leaves.hpp"

#include <string_view>

namespace ledger {

/// "vmx" or "svm".
constexpr std::string_view numbering_name(Numbering numbering) {
    return numbering == Numbering::vmx ? "vmx" : "svm";
}

/// For a number that the UAPI headers do not name, which KVM then has no handler for either.
inline constexpr std::string_view no_name = "-";

/// The exit's name in the kernel's UAPI headers (asm/vmx.h, asm/svm.h), as perf
/// and the kvm_exit tracepoint print it, or no_name.
std::string_view exit_name(Numbering numbering, ExitNumber exit);

}
