// The exits that KVM handles round its table of exit handlers.
#pragma once

#include "ledger/numbering.hpp"

#include <string_view>

namespace diagnosis {

/// Does KVM take this exit past its table of handlers when it is built with retpolines,
/// by a test of its own in shortcut_function()?
bool is_shortcut(ledger::Numbering numbering, ledger::ExitNumber exit);

/// __vmx_handle_exit() or svm_invoke_exit_handler().
std::string_view shortcut_function(ledger::Numbering numbering);

/// Does KVM handle some exits of this number before its exit handler, and re-enter the guest
/// at once (vmx_exit_handlers_fastpath(), svm_exit_handlers_fastpath())?
bool has_fastpath(ledger::Numbering numbering, ledger::ExitNumber exit);

}
