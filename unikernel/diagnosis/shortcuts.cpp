// Both vendors' shortcuts and fastpaths, of all the Linuxes that there is a series for.
#include "diagnosis/shortcuts.hpp"

#include <asm/svm.h>
#include <asm/vmx.h>

#include <algorithm>
#include <span>

namespace diagnosis {
namespace {

using ledger::ExitNumber;
using ledger::Numbering;

constexpr ExitNumber vmx_shortcuts[] = {EXIT_REASON_MSR_WRITE,
                                        EXIT_REASON_PREEMPTION_TIMER,
                                        EXIT_REASON_INTERRUPT_WINDOW,
                                        EXIT_REASON_EXTERNAL_INTERRUPT,
                                        EXIT_REASON_HLT,
                                        EXIT_REASON_EPT_MISCONFIG,
                                        EXIT_REASON_INVD};
constexpr ExitNumber svm_shortcuts[] = {SVM_EXIT_MSR, SVM_EXIT_VINTR, SVM_EXIT_INTR,
                                        SVM_EXIT_HLT, SVM_EXIT_NPF,   SVM_EXIT_INVD};

// INVD has one from Linux 7.3 on, which takes all its exits but a nested guest's: a shortcut, too.
constexpr ExitNumber vmx_fastpaths[] = {EXIT_REASON_MSR_WRITE, EXIT_REASON_PREEMPTION_TIMER, EXIT_REASON_HLT,
                                        EXIT_REASON_INVD};
constexpr ExitNumber svm_fastpaths[] = {SVM_EXIT_MSR, SVM_EXIT_HLT, SVM_EXIT_INVD};

bool is_among(ExitNumber exit, std::span<const ExitNumber> exits) {
    return std::ranges::find(exits, exit) != exits.end();
}

}

bool is_shortcut(Numbering numbering, ExitNumber exit) {
    return numbering == Numbering::vmx ? is_among(exit, vmx_shortcuts) : is_among(exit, svm_shortcuts);
}

std::string_view shortcut_function(Numbering numbering) {
    return numbering == Numbering::vmx ? "__vmx_handle_exit()" : "svm_invoke_exit_handler()";
}

bool has_fastpath(Numbering numbering, ExitNumber exit) {
    return numbering == Numbering::vmx ? is_among(exit, vmx_fastpaths) : is_among(exit, svm_fastpaths);
}

}
