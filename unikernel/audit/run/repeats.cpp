// Adding up repeats.
#include "audit/run/repeats.hpp"

namespace audit {

void join_repeat(Result& all, const Result& repeat) {
    auto& sum = *all.measurement;
    sum.repeats++;
    if (!repeat.measurement) {
        all.skip(repeat.message.view());
        return;
    }
    const auto& m = *repeat.measurement;
    sum.firings += m.firings;
    sum.caused += m.caused;
    sum.counted += m.counted;
    sum.queries += m.queries;
    sum.stray_rows = m.stray_rows;
    sum.stray_count = m.stray_count;
    all.symptoms |= repeat.symptoms;
    for (std::size_t i = 0; i < sum.raised.size(); i++) sum.raised[i] += m.raised[i];
    if (m.host && sum.host) {
        sum.host->exits += m.host->exits;
        sum.host->cycles += m.host->cycles;
        sum.host->extremes = m.host->extremes;
        if (m.host->inside) *sum.host->inside += *m.host->inside;
    }
    all.message.clear();
    if (repeat.outcome == Outcome::ok) {
        all.message.format("{} times: {}", sum.repeats, repeat.message.view());
        return;
    }
    all.outcome = repeat.outcome;
    all.message.format("repeat {}: {}", sum.repeats, repeat.message.view());
    all.diagnosis = repeat.diagnosis;
}

}
