// From many failed audits to the few causes behind them.
#pragma once

#include "audit/result.hpp"
#include "ledger/leaves.hpp"

#include <optional>
#include <span>

namespace audit {

/// One likely cause in a sentence that a person can act on, with its evidence.
using Finding = console::Text<400>;

/// Recognises a counter that stands behind the shortcuts which KVM takes round
/// its table of exit handlers when it is built with retpolines (__vmx_handle_exit(),
/// svm_invoke_exit_handler()): every shortcut exit that was caused reads 0, and
/// at least one other exit was counted right.
std::optional<Finding> find_retpoline_shortcut(std::span<const Result> results, ledger::Numbering numbering);

}
