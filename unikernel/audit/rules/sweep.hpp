// Asking every leaf for exit numbers that nobody would ask for.
#pragma once

#include "audit/rules/bench.hpp"

namespace audit {

/// Sweeps ECX: 0 to 0x1fff where counts by exit are told, all exit codes and beyond on
/// the other leaves that take an exit number; the powers of two and their neighbours on
/// every leaf that tells something, a few extremes on the unused ones; then as many
/// pairs of leaf and ECX as the bench says, chosen at random.
void judge_sweep(const Bench& bench, Result& result);

}
