// Running a plan on the vCPUs that it wants.
#pragma once

#include "audit/plan.hpp"
#include "audit/result.hpp"
#include "ledger/leaves.hpp"
#include "ledger/probe.hpp"

#include <span>

namespace audit {

/// Runs what the plan selects, in order.
/// \pre plan.vcpus() vCPUs run: machine::start_processors()
/// \param leaves  the host's ledger, already probed
/// \param on_result called after each audit, while nothing is being measured
/// \return all results, in order; valid until the next call
std::span<const Result> run(const Plan& plan, ledger::Leaves& leaves, const ledger::Probe& probe,
                            void (*on_result)(std::size_t number, const Result& result));

/// The audit that runs, or that has run last; empty before the first.
std::string_view running();

}
