// How exits are numbered.
#pragma once

#include "kvm_exit_ledger.h"

#include <cstdint>

namespace ledger {

/// Whose numbers the exits go by.
enum class Numbering : std::uint32_t {
    vmx = KVM_EXIT_LEDGER_NUMBERING_VMX, ///< basic exit reasons
    svm = KVM_EXIT_LEDGER_NUMBERING_SVM, ///< exit codes
};

/// A VMX basic exit reason or an SVM exit code.
using ExitNumber = std::uint32_t;

/// Every SVM exit code and VMX exit reason lies below.
inline constexpr ExitNumber exit_number_end = KVM_EXIT_LEDGER_SVM_NPF_LAST + 1;

/// Does the current edition of the vendor's manual define this exit number?
inline bool is_defined(Numbering numbering, ExitNumber exit) {
    return kvm_exit_ledger_defined(static_cast<unsigned>(numbering), exit);
}

/// Of the two vendors' numbers for an exit, the one of this numbering.
constexpr ExitNumber exit_of(Numbering numbering, ExitNumber vmx, ExitNumber svm) {
    return numbering == Numbering::vmx ? vmx : svm;
}

/// The exit number of CPUID itself (SDM vol. 3 and APM vol. 2, appendix C): each query causes one such exit.
constexpr ExitNumber cpuid_exit(Numbering numbering) { return exit_of(numbering, 10, 0x72); }

}
