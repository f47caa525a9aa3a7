// Compares the exceptions that the firings raised with those expected.
#pragma once

#include "audit/result.hpp"
#include "machine/exceptions.hpp"

namespace audit {

/// Judges result.measurement->raised, after judge_growth(), and adds to the message what was raised. If an
/// instruction faults unexpectedly and causes no exit, this vCPU does not have it: a skip, not a failure.
void judge_exceptions(const triggers::Expectation& expectation, Result& result);

/// "#UD", "#GP"; "interrupt" from 32 on.
std::string_view exception_name(unsigned vector);

}
