// What the leaves must answer to exit numbers without a count, and in registers without a value.
#pragma once

#include "audit/rules/bench.hpp"

namespace audit {

/// Numbers that no manual defines answer EDX=0xffffffff, and zeros otherwise.
void judge_undefined(const Bench& bench, Result& result);

/// Numbers that the manual defines and KVM does not handle answer zeros.
void judge_not_enabled(const Bench& bench, Result& result);

/// No register carries anything but its leaf's value.
void judge_registers_clean(const Bench& bench, Result& result);

}
