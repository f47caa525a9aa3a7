// The exits that the time audits need, caused on this vCPU.
#pragma once

#include "audit/rules/bench.hpp"

namespace audit {

void run_definition(const Bench& bench, Result& result);
void run_hlt(const Bench& bench, Result& result);
void run_extremes(const Bench& bench, Result& result);
void run_window(const Bench& bench, Result& result);

}
