// The exactness audit: did the ledger grow by just what the firings caused?
#pragma once

#include "audit/result.hpp"
#include "ledger/snapshot.hpp"
#include "triggers/trigger.hpp"

namespace audit {

/// Does a host cause such exits by itself, whatever its guest does?
bool is_noise(ledger::Numbering numbering, ledger::ExitNumber exit);

/// Compares two snapshots taken round `firings` firings with the trigger's
/// expectation, and fails `result` with a diagnosis if they differ. Judges all
/// rows: the trigger's own and those that the expectation names by their bounds,
/// CPUID's by the queries that were made; every other row must not move unless the
/// host causes it by itself (interrupts, page faults of its own), and then not much.
/// Fills in the measurement's exit, bound, firings, caused and told.
void judge_growth(const triggers::Expectation& expectation, ledger::Numbering numbering, std::uint64_t firings,
                  const ledger::Snapshot& before, const ledger::Snapshot& after, Result& result);

}
