// Plausibility of the cycles that the ledger tells.
#include "audit/time.hpp"

namespace audit {

void judge_time(std::uint64_t window, Result& result)
{
    const auto& host = result.measurement->host;
    if (!host)
        return;
    if (host->cycles == 0) {
        result.fail("{} exits took 0 cycles by the ledger", host->exits);
        result.diagnose("exits are counted, but not timed: the clock stops, or is read, only on another path");
    } else if (host->cycles > window) {
        result.fail("exits took {} cycles by the ledger, but only {} passed", host->cycles, window);
        result.diagnose("high and low words are swapped, or time is counted twice");
    } else if (host->extremes && (host->extremes->shortest > host->mean() || host->extremes->longest < host->mean())) {
        result.fail("mean of {} cycles outside shortest {} and longest {}", host->mean(), host->extremes->shortest,
                    host->extremes->longest);
        result.diagnose("the shortest or the longest time is not kept with each exit");
    } else if (host->inside && *host->inside > host->cycles) {
        result.fail("{} cycles inside KVM, but {} in all", *host->inside, host->cycles);
        result.diagnose("time inside KVM is not part of the exit's time");
    }
}

}
