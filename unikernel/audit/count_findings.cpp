// Causes that show in rows that grow in another's place, or by more than was caused.
#include "audit/evidence.hpp"

#include "audit/growth.hpp"
#include "audit/shortcuts.hpp"
#include "ledger/exit_names.hpp"

namespace audit {
namespace {

using ledger::ExitNumber;
using ledger::Numbering;
using triggers::Bound;
using Stray = Measurement::Stray;

// Nothing grows, not even CPUID's own row.
void nothing_counted(const Evidence& e, Findings& findings)
{
    if (findings.has("wrong-register") || findings.has("answer-overwritten"))
        return;
    const auto grows = [&](const Result& r) {
        return Evidence::fires(r) && !(e.absent(r) && e.queries_absent(r));
    };
    const auto surplus = [](const Result& r) {
        return r.measurement &&
               std::ranges::any_of(r.measurement->strays(), [](const Stray& s) { return s.told > s.high; });
    };
    if (e.any(grows) || e.any_failed(surplus) || e.shown(Symptom::total_over_rows) ||
        !e.any_failed([&](const Result& r) { return e.queries_absent(r); }))
        return;
    const bool marks = !e.shown(Symptom::undefined_never_marked);
    auto& finding = findings.add("vendor-not-patched", marks ? "" : "answer-overwritten");
    finding.text.format("every row stays 0, CPUID's own too, though the leaves are answered: no exit of {}'s "
                        "is recorded; count in {} as the "
                        "other vendor's part does",
                        by_vendor(e.numbering(), "Intel", "AMD"),
                        by_vendor(e.numbering(), "vmx_vcpu_run()", "svm_vcpu_run()"));
    if (!marks)
        finding.text.write(", or the ordinary CPUID path answers these leaves, with zeros");
    e.explain(finding, [](const Result& r) {
        return r.measurement || miscounts(r) || r.shows_any(Symptom::untimed, Symptom::impossible);
    });
}

// KVM_EXIT_* of <linux/kvm.h>: all far below the exit codes that a guest causes.
constexpr ExitNumber kvm_exit_end = 0x40;

void stale_exit_reason(const Evidence& e, Findings& findings)
{
    if (e.numbering() != Numbering::svm || findings.has("counts-go-back") || findings.has("wrong-register") ||
        findings.has("answer-overwritten") ||
        !e.any_failed([&](const Result& r) { return e.queries_absent(r); }))
        return;
    ExitSet rows;
    for (const auto& r : e.results)
        if (Evidence::failed(r) && r.measurement)
            for (const auto& s : r.measurement->strays())
                if (s.exit < kvm_exit_end && s.told > s.high)
                    rows.add(s.exit);
    const bool in_total_alone =
        rows.empty() && e.shown(Symptom::total_over_rows) &&
        !e.any([](const Result& r) { return Evidence::fires(r) && r.measurement->told > 0; });
    if (rows.empty() && !in_total_alone)
        return;
    auto& finding = findings.add("stale-exit-reason");
    if (in_total_alone) {
        // KVM_EXIT_MMIO, 6, is no exit code.
        finding.text.write(
            "the total grows, and no row does: exits are recorded under numbers that are no exit codes");
    } else {
        finding.text.write("exits show in rows ");
        rows.write(finding.text, e.numbering());
        finding.text.write(" and not in their own");
    }
    finding.text.write(": the ledger is indexed by kvm_run->exit_reason, which tells user space why the last "
                       "KVM_RUN returned; index it by the VMCB's exit_code");
    e.explain(finding, [](const Result& r) {
        return r.measurement || miscounts(r) ||
               r.shows_any(Symptom::untimed, Symptom::impossible, Symptom::not_enabled_garbage);
    });
}

bool is_twice(const Evidence& e, const Result& r)
{
    // Where more may come, twice as many may be right.
    if (!Evidence::failed(r) || !Evidence::fires(r) || r.measurement->bound != Bound::exact)
        return false;
    const auto& m = *r.measurement;
    const auto caused = static_cast<std::int64_t>(m.caused);
    // A nested guest's CPUID may be a query of the ledger.
    if (m.nested && m.exit == e.cpuid())
        return false;
    return m.exit == e.cpuid() ? m.told == 2 * caused + m.queries : m.told == 2 * caused;
}

// The queries' own exits, missing (-1) or once too many (1), and no other row wrong.
bool queries_off(const Evidence& e, const Result& r, std::int64_t sign)
{
    return r.measurement && r.measurement->stray_count != 0 &&
           std::ranges::all_of(r.measurement->strays(), [&](const Stray& s) {
               // Beside what the firings cause of them.
               return s.exit == e.cpuid() &&
                      s.told - (sign < 0 ? s.low : s.high) == sign * r.measurement->queries;
           });
}

// Does CPUID's row grow by what is neither the queries' own nor that again? Then another row may be as much
// by chance.
bool others_come(const Evidence& e, const Result& r)
{
    return std::ranges::any_of(r.measurement->strays(), [&](const Stray& s) {
        return s.exit == e.cpuid() && s.told > s.high && s.told != r.measurement->queries;
    });
}

void counted_twice(const Evidence& e, Findings& findings)
{
    ExitSet rows, once;
    for (const auto& r : e.results) {
        if (is_twice(e, r) && !others_come(e, r))
            rows.add(r.measurement->exit);
        else if (Evidence::right(r) && r.measurement->bound == Bound::exact)
            once.add(r.measurement->exit);
    }
    if (rows.empty())
        return;
    const bool queries = e.any_failed([&](const Result& r) {
        return is_twice(e, r) && (r.measurement->exit == e.cpuid() || queries_off(e, r, 1));
    });
    auto& finding = findings.add("counted-twice");
    rows.write(finding.text, e.numbering());
    finding.text.format(" exits count twice{}: two places on the exit path record the same exit, or it is "
                        "recorded again when the vCPU is "
                        "entered anew; count once, where trace_kvm_exit() stands",
                        once.empty() ? "" : ", others once");
    e.explain(finding, [&](const Result& r) {
        const auto doubled = [&](const Stray& s) {
            if (s.exit == e.cpuid())
                return queries;
            const bool twice = s.low != 0 && s.told == 2 * s.low;
            return twice || (s.told > s.high && s.told <= 2 * s.high &&
                             (rows.contains(s.exit) || !once.contains(s.exit)));
        };
        // Where only some of its exits come by that path, a firing counts less than twice as many.
        const bool more =
            Evidence::fires(r) && r.measurement->told > static_cast<std::int64_t>(r.measurement->caused) &&
            (rows.contains(r.measurement->exit) || has_fastpath(e.numbering(), r.measurement->exit));
        const bool own = is_twice(e, r) || more || !Evidence::fires(r) || Evidence::right(r);
        if (r.measurement)
            return own && (is_twice(e, r) || more || r.measurement->stray_count != 0) &&
                   std::ranges::all_of(r.measurement->strays(), doubled);
        return r.shows(Symptom::impossible) || (queries && miscounts(r)) || r.shows(Symptom::rows_over_total);
    });
}

// Does CPUID's row grow otherwise than it must?
bool cpuid_moves(const Evidence& e, const Result& r)
{
    if (!r.measurement)
        return false;
    if (r.measurement->exit == e.cpuid())
        return Evidence::fires(r) && !Evidence::right(r);
    return std::ranges::any_of(r.measurement->strays(), [&](const Stray& s) { return s.exit == e.cpuid(); });
}

void self_count(const Evidence& e, Findings& findings)
{
    if (findings.has("counts-go-back") || findings.has("vendor-not-patched") ||
        findings.has("stale-exit-reason") || findings.has("counted-twice") ||
        findings.has("wrong-register") || findings.has("answer-overwritten"))
        return;
    const auto off = [&](const Result& r, std::int64_t sign) {
        if (!r.measurement)
            return false;
        const auto& m = *r.measurement;
        if (const auto caused = static_cast<std::int64_t>(m.caused);
            m.exit == e.cpuid() && Evidence::fires(r))
            return m.stray_count == 0 &&
                   (m.told == caused + sign * m.queries ||
                    (m.nested && m.told == caused + sign * (m.queries + caused))); // whose CPUID are queries
        return queries_off(e, r, sign) && (Evidence::right(r) || !Evidence::fires(r));
    };
    for (const auto& [sign, symptom] :
         {std::pair{-1, Symptom::self_count_none}, {1, Symptom::self_count_twice}}) {
        // What another VM adds may be as much now and then.
        const auto agreeing = e.count_failed([&](const Result& r) { return off(r, sign); });
        const auto others =
            e.count_failed([&](const Result& r) { return cpuid_moves(e, r) && !off(r, sign); });
        if (!e.shown(symptom) && agreeing <= others)
            continue;
        auto& finding = findings.add("self-count");
        finding.text.write(sign < 0 ? "a query does not count its own CPUID exit, so two in a row tell the "
                                      "same number: the query leaves "
                                      "before the counter, or is taken off again"
                                    : "a query counts its own CPUID exit twice, so two in a row differ by 2: "
                                      "the code that answers it counts, "
                                      "and so does the exit path");
        e.explain(finding, [&](const Result& r) { return r.measurement ? off(r, sign) : miscounts(r); });
        return;
    }
}

// A row that grows by what another kind of exit was caused: that kind, if there is one.
std::optional<ExitNumber> source_of(const Evidence& e, const Measurement& m, const Stray& s)
{
    const auto caused = static_cast<std::int64_t>(m.caused);
    const auto queries = m.queries + (m.exit == e.cpuid() ? caused : 0);
    const auto beyond = s.told - s.low;
    if (s.told <= s.high || beyond <= 0)
        return {};
    if (m.exit != e.cpuid() && beyond == caused)
        return m.exit;
    if (beyond >= queries && beyond < queries + queries / 4 + 2)
        return e.cpuid();
    if (m.exit != e.cpuid() && caused != 0 && beyond >= caused && beyond <= caused + caused / 4)
        return m.exit;
    return {};
}

struct SharedRows {
    ExitSet from, to;
    bool moved = false, both_ways = false, to_fired = false;
    std::size_t sourced = 0, unsourced = 0; // growths of rows that are another's, or nobody's
};

SharedRows shared_rows(const Evidence& e)
{
    SharedRows seen;
    for (const auto& r : e.results) {
        // Of a nested guest's exits several kinds come equally often.
        if (!Evidence::failed(r) || !r.measurement || r.measurement->nested)
            continue;
        for (const auto& s : r.measurement->strays()) {
            const auto source = source_of(e, *r.measurement, s);
            if (!source || *source == s.exit) {
                seen.unsourced += s.told > s.high && !is_noise(e.numbering(), s.exit);
                continue;
            }
            seen.sourced++;
            seen.from.add(*source);
            seen.to.add(s.exit);
            seen.moved = seen.moved || (*source == r.measurement->exit && Evidence::is_short(r));
        }
    }
    for (const auto exit : seen.to.all()) {
        seen.both_ways = seen.both_ways || seen.from.contains(exit);
        seen.to_fired = seen.to_fired || e.any([&](const Result& r) {
            return Evidence::fires(r) && r.measurement->exit == exit;
        });
    }
    return seen;
}

void write_shared(Finding& finding, const SharedRows& seen, bool two_rows, Numbering numbering)
{
    if (seen.both_ways && !seen.moved) {
        auto sharing = seen.from;
        for (const auto exit : seen.to.all())
            sharing.add(exit);
        sharing.write(finding.text, numbering);
        finding.text.write(
            sharing.size() == 2
                ? " exits also show in each other's row: these numbers share an index of the table"
                : " exits also show in rows of others of these: by twos or more, they share an index of the "
                  "table");
        return;
    }
    seen.from.write(finding.text, numbering);
    finding.text.write(seen.moved ? " exits are counted in row " : " exits also show in row ");
    seen.to.write(finding.text, numbering);
    finding.text.write(
        two_rows     ? ", but not the other way round: the exit is recorded twice, under two numbers"
        : seen.moved ? " instead of their own: two exit numbers get the same index (a mask, a cast or a gap "
                       "of the table's)"
                     : ": the two numbers share an index of the table, or one exit is recorded under both");
}

void shared_slots(const Evidence& e, Findings& findings)
{
    if (e.answers_mix() || findings.has("stale-exit-reason") || findings.has("self-count") ||
        findings.has("counted-twice"))
        return;
    const auto seen = shared_rows(e);
    if (seen.sourced <= seen.unsourced)
        return;
    const bool two_rows = !seen.moved && !seen.both_ways && (seen.to_fired || seen.to.contains(e.cpuid()));
    auto& finding =
        two_rows ? findings.add("exit-in-two-slots")
                 : findings.add("shared-slot", seen.moved || seen.both_ways ? "" : "exit-in-two-slots");
    write_shared(finding, seen, two_rows, e.numbering());
    e.explain(finding, [&](const Result& r) {
        if (!r.measurement)
            return r.shows_any(Symptom::rows_over_total, Symptom::count_unsteady,
                               Symptom::not_enabled_garbage);
        const auto shared = [&](ExitNumber exit) {
            return seen.to.contains(exit) || seen.from.contains(exit);
        };
        const bool own = !Evidence::fires(r) || Evidence::right(r) || shared(r.measurement->exit);
        return own &&
               std::ranges::all_of(r.measurement->strays(), [&](const Stray& s) { return shared(s.exit); });
    });
}

bool has_surplus(const Result& r)
{
    if (!r.measurement)
        return r.shows(Symptom::count_unsteady);
    const auto& m = *r.measurement;
    const bool own =
        Evidence::fires(r) ? m.told > static_cast<std::int64_t>(m.caused) && !Evidence::right(r) : m.told > 0;
    return own || std::ranges::any_of(m.strays(),
                                      [](const Stray& s) { return s.told > s.high && !s.never_counted; });
}

// Did its own row grow by more than it caused, and by neither as much again nor by the queries' own?
bool has_nobodys(const Evidence& e, const Result& r)
{
    if (!Evidence::fires(r) || r.measurement->bound != Bound::exact ||
        is_noise(e.numbering(), r.measurement->exit))
        return false;
    const auto& m = *r.measurement;
    const auto caused = static_cast<std::int64_t>(m.caused), more = m.told - caused;
    return more > 0 && more % caused != 0 && more % caused != m.queries % caused;
}

void host_wide(const Evidence& e, Findings& findings)
{
    if (e.answers_mix())
        return;
    ExitSet rows;
    std::size_t nobodys = 0; // growths that are in no proportion to what this guest caused
    for (const auto& r : e.results) {
        if (!Evidence::failed(r) || !r.measurement)
            continue;
        if (has_nobodys(e, r)) {
            rows.add(r.measurement->exit);
            nobodys++;
        }
        // Of what this VM's own host causes, a slow one causes much.
        for (const auto& s : r.measurement->strays())
            if (s.told > s.high && !s.never_counted && !is_noise(e.numbering(), s.exit)) {
                rows.add(s.exit);
                nobodys += !source_of(e, *r.measurement, s);
            }
    }
    constexpr std::size_t least_results = 3, least_rows = 2;
    if ((rows.size() < least_rows && nobodys < least_results) ||
        e.count_unexplained(findings, has_surplus) < least_results)
        return;
    auto& finding = findings.add("host-wide");
    finding.text.write("exits come in that this guest did not cause, whatever it does: ");
    rows.write(finding.text, e.numbering());
    finding.text.write(
        "; another VM's show in its ledger, so the counters are the host's: keep them in struct kvm_vcpu");
    e.explain(finding, [&](const Result& r) {
        return (has_surplus(r) && !e.absent(r)) || miscounts(r) ||
               r.shows_any(Symptom::not_enabled_garbage, Symptom::impossible);
    });
}

constexpr Recogniser recognisers[] = {nothing_counted, stale_exit_reason, counted_twice,
                                      self_count,      shared_slots,      host_wide};

}

std::span<const Recogniser> count_recognisers() { return recognisers; }

}
