// Audits that need several vCPUs at once: does each get its own answer, is no exit lost?
#pragma once

#include "audit/rules.hpp"

#include <span>

namespace audit {

/// The audits, in the order in which a plan runs them. With one vCPU they are skipped.
std::span<const RuleAudit> smp_audits();

/// The smallest rate of lost exits, given as 1 in so many, that `exits` exits miss with a
/// chance under 1 %: if each is lost with chance p, none is with chance (1-p)^exits <=
/// exp(-p exits), which is under 1 % from p = ln(100) / exits on. 0 if no rate is so small.
std::uint64_t noticed_loss(std::uint64_t exits);

}
