// What the firings raised in the guest, against what they were to raise.
#pragma once

#include "audit/result.hpp"
#include "machine/exceptions.hpp"

namespace audit {

/// Judges the exceptions that `result.measurement` has in `raised`, after judge_growth().
/// Says in the message what was raised. An instruction that faults where it should not,
/// and causes no exit, is one that this vCPU does not have: a skip, not a failure.
void judge_exceptions(const triggers::Expectation& expectation, Result& result);

/// "#UD", "#GP"; "interrupt" from 32 on.
std::string_view exception_name(unsigned vector);

}
