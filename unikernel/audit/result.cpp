// The names of symptoms in records, and adding up repeats.
#include "audit/result.hpp"

#include <iterator>

namespace audit {
namespace {

constexpr std::string_view names[] = {
    "undefined-as-not-enabled",
    "undefined-garbage",
    "undefined-wrong-mark",
    "undefined-never-marked",
    "not-enabled-as-undefined",
    "not-enabled-garbage",
    "defined-as-undefined",
    "past-the-table",
    "leftovers",
    "ordinary-data",
    "other-leaf",
    "foreign-answer",
    "edx-left-set",
    "hole",
    "leaf-unmarked",
    "shared-table",
    "self-count-none",
    "self-count-twice",
    "self-count-lost",
    "total-twice",
    "count-unsteady",
    "rows-over-total",
    "total-over-rows",
    "soak-lost",
    "passed-on-lost",
    "halves-swapped",
    "high-word-lost",
    "untimed",
    "partly-untimed",
    "impossible",
    "stops-early",
    "handler-alone",
    "part-of-exit",
    "slow-query",
};

static_assert(std::size(names) == static_cast<std::size_t>(Symptom::end));

}

std::string_view symptom_name(Symptom symptom) { return names[static_cast<std::size_t>(symptom)]; }

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
