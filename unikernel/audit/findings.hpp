// From many failed audits to the few causes behind them.
#pragma once

#include "audit/result.hpp"
#include "ledger/probe.hpp"

#include <optional>
#include <span>

namespace audit {

/// One likely cause in a sentence that a person can act on, with its evidence.
using Finding = console::Text<400>;

/// The finding that explains the failures, if one of those known does.
std::optional<Finding> find_cause(std::span<const Result> results, const ledger::Probe& probe);

/// Recognises a plan's layout= that is not the host's: everything read is then
/// something else.
std::optional<Finding> find_wrong_layout(const ledger::Probe& probe);

/// Recognises wrong answers by what several audits saw: undefined exit numbers and those
/// without a handler exchanged, words of the cycles exchanged or lost, a number past the
/// table's end answered.
std::optional<Finding> find_wrong_answers(std::span<const Result> results);

/// Recognises a counter that stands where the exit handler starts (vmx_handle_exit(),
/// svm_handle_exit()): exits that KVM handles in its fastpath are lost, while others
/// of the same number are counted right.
std::optional<Finding> find_lost_fastpath(std::span<const Result> results, ledger::Numbering numbering);

/// Recognises a counter that stands behind the shortcuts which KVM takes round
/// its table of exit handlers when it is built with retpolines (__vmx_handle_exit(),
/// svm_invoke_exit_handler()): every shortcut exit that was caused reads 0, and
/// at least one other exit was counted right.
std::optional<Finding> find_retpoline_shortcut(std::span<const Result> results, ledger::Numbering numbering);

}
