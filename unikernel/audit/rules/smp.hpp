// Rules that need several vCPUs at once: does each get its own answer, is no exit lost?
#pragma once

#include "audit/rules/bench.hpp"

namespace audit {

/// Each vCPU gets its own answers while all ask for different things.
void judge_own_answers(const Bench& bench, Result& result);

/// All exits are counted while all vCPUs cause them as fast as they can.
void judge_soak(const Bench& bench, Result& result);

/// The smallest rate of lost exits, given as 1 in so many, that `exits` exits miss with a
/// chance under 1 %: if each is lost with chance p, none is with chance (1-p)^exits <=
/// exp(-p exits), which is under 1 % from p = ln(100) / exits on. 0 if no rate is so small.
std::uint64_t noticed_loss(std::uint64_t exits);

}
