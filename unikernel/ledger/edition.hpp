// Which exit numbers a host's edition of the manual defines.
#pragma once

#include "ledger/numbering.hpp"

namespace ledger {

/// An edition of Intel's manual, by what its table of basic exit reasons (SDM vol. 3,
/// appendix C) ends with. AMD's editions are not distinguished.
struct Edition {
    /// Where the table ended in 2017, with XRSTORS; the assignment is younger.
    static constexpr ExitNumber earliest = 64;
    static constexpr ExitNumber current = KVM_EXIT_LEDGER_VMX_LAST;

    /// PCONFIG's number stayed a hole for years after greater ones were in the table.
    static constexpr ExitNumber pconfig = 65;
    static constexpr ExitNumber last_with_hole = 70;

    ExitNumber last = current;
    bool has_pconfig = true;

    bool is_current() const { return last == current && has_pconfig; }

    bool defines(Numbering numbering, ExitNumber exit) const {
        if (!is_defined(numbering, exit)) return false;
        return numbering != Numbering::vmx || (exit <= last && (exit != pconfig || has_pconfig));
    }
};

}
