// Causes that show in counts that are less than they were.
#include "audit/evidence.hpp"

#include "audit/growth.hpp"

namespace audit {
namespace {

using ledger::ExitNumber;
using Stray = Measurement::Stray;

// Did its own row count less after than before?
bool own_row_steps_back(const Evidence& e, const Result& r)
{
    return r.measurement &&
           steps_back(e.numbering(), r.measurement->exit, r.measurement->told, r.measurement->queries);
}

// That, or another row?
bool row_steps_back(const Evidence& e, const Result& r)
{
    if (!r.measurement)
        return false;
    const auto& m = *r.measurement;
    return own_row_steps_back(e, r) || std::ranges::any_of(m.strays(), [&](const Stray& s) {
               return steps_back(e.numbering(), s.exit, s.told, m.queries);
           });
}

void counts_go_back(const Evidence& e, Findings& findings)
{
    // Answers that mix, or are none, go anywhere.
    if (e.answers_mix() || findings.has("wrong-register") || findings.has("answer-overwritten"))
        return;
    const auto in_rows = e.count_unexplained(findings, [&](const Result& r) { return row_steps_back(e, r); });
    const bool in_own_row = e.any_failed([&](const Result& r) { return own_row_steps_back(e, r); });
    const bool seen_by_rule = e.vcpus == 1 && e.any_failed([](const Result& r) {
        return r.name == "time.monotonic" && r.shows(Symptom::count_unsteady);
    });
    // What that rule saw once may, with several vCPUs, be a race; and of memory behind a table a row may be
    // any value.
    constexpr std::size_t least_rows = 3;
    if (in_rows < least_rows && !seen_by_rule && !in_own_row)
        return;
    auto& finding = findings.add("counts-go-back", e.vcpus > 1 ? "racing-counters" : "");
    finding.text.write("counts that the guest has read are less when it reads them again: something clears "
                       "or overwrites them while the VM "
                       "runs, as a query that resets what it answers does, or they are kept in too few bits; "
                       "counts only ever grow");
    // A count that begins anew between two readings need not step back: CPUID's lacks the queries' own exits
    // then.
    const auto lacks_queries = [&](const Result& r) {
        return lacks_only(r, [&](ExitNumber exit) { return exit == e.cpuid(); });
    };
    e.explain(finding,
              [&](const Result& r) { return row_steps_back(e, r) || lacks_queries(r) || miscounts(r); });
}

constexpr Recogniser recognisers[] = {counts_go_back};

}

std::span<const Recogniser> step_recognisers() { return recognisers; }

}
