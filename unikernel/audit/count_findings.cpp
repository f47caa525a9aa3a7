// Causes that show in which rows grew, and by how much.
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
        return r.measurement && std::ranges::any_of(r.measurement->strays(), [](const Stray& s) { return s.told > s.high; });
    };
    if (e.any(grows) || e.any_failed(surplus) || !e.any_failed([&](const Result& r) { return e.queries_absent(r); }))
        return;
    const bool marks = !e.shown(Symptom::undefined_never_marked);
    auto& finding = findings.add("vendor-not-patched", marks ? "" : "answer-overwritten");
    finding.text.format("every row stays 0, CPUID's own too, though the leaves are answered: no exit of {}'s is recorded; count in {} as the "
                        "other vendor's part does",
                        by_vendor(e.numbering(), "Intel", "AMD"), by_vendor(e.numbering(), "vmx_vcpu_run()", "svm_vcpu_run()"));
    if (!marks)
        finding.text.write(", or the ordinary CPUID path answers these leaves, with zeros");
    e.explain(finding, [](const Result& r) { return r.measurement || miscounts(r) || r.shows_any(Symptom::untimed, Symptom::impossible); });
}

// KVM_EXIT_* of <linux/kvm.h>: all far below the exit codes that a guest causes.
constexpr ExitNumber kvm_exit_end = 0x40;

void stale_exit_reason(const Evidence& e, Findings& findings)
{
    if (e.numbering() != Numbering::svm || !e.any_failed([&](const Result& r) { return e.queries_absent(r); }))
        return;
    ExitSet rows;
    for (const auto& r : e.results)
        if (Evidence::failed(r) && r.measurement)
            for (const auto& s : r.measurement->strays())
                if (s.exit < kvm_exit_end && s.told > s.high)
                    rows.add(s.exit);
    if (rows.empty())
        return;
    auto& finding = findings.add("stale-exit-reason");
    finding.text.write("exits show in rows ");
    rows.write(finding.text, e.numbering());
    finding.text.write(" and not in their own: the ledger is indexed by kvm_run->exit_reason, which tells user space why the last "
                       "KVM_RUN returned; index it by the VMCB's exit_code");
    e.explain(finding, [](const Result& r) { return r.measurement || miscounts(r) || r.shows_any(Symptom::untimed, Symptom::impossible, Symptom::not_enabled_garbage); });
}

bool is_twice(const Evidence& e, const Result& r)
{
    if (!Evidence::failed(r) || !Evidence::fires(r))
        return false;
    const auto& m = *r.measurement;
    const auto caused = static_cast<std::int64_t>(m.caused);
    return m.exit == e.cpuid() ? m.told == 2 * caused + m.queries : m.told == 2 * caused;
}

// The queries' own exits, missing (-1) or once too many (1), and no other row wrong.
bool queries_off(const Evidence& e, const Result& r, std::int64_t sign)
{
    return r.measurement && r.measurement->stray_count != 0 && std::ranges::all_of(r.measurement->strays(), [&](const Stray& s) {
               return s.exit == e.cpuid() && s.told == sign * r.measurement->queries;
           });
}

void counted_twice(const Evidence& e, Findings& findings)
{
    ExitSet rows, once;
    for (const auto& r : e.results) {
        if (is_twice(e, r))
            rows.add(r.measurement->exit);
        else if (Evidence::right(r) && r.measurement->bound == Bound::exact)
            once.add(r.measurement->exit);
    }
    if (rows.empty())
        return;
    const bool queries = e.any_failed([&](const Result& r) { return is_twice(e, r) && (r.measurement->exit == e.cpuid() || queries_off(e, r, 1)); });
    auto& finding = findings.add("counted-twice");
    rows.write(finding.text, e.numbering());
    finding.text.format(" exits count twice{}: two places on the exit path record the same exit, or it is recorded again when the vCPU is "
                        "entered anew; count once, where trace_kvm_exit() stands",
                        once.empty() ? "" : ", others once");
    e.explain(finding, [&](const Result& r) {
        const auto doubled = [&](const Stray& s) {
            if (s.exit == e.cpuid())
                return queries;
            const bool twice = s.low != 0 && s.told == 2 * s.low;
            return twice || (s.told > s.high && s.told <= 2 * s.high && (rows.contains(s.exit) || is_noise(e.numbering(), s.exit)));
        };
        // Where only some of its exits come by that path, a firing counts less than twice as many.
        const bool more = Evidence::fires(r) && r.measurement->told > static_cast<std::int64_t>(r.measurement->caused) &&
                          rows.contains(r.measurement->exit);
        const bool own = is_twice(e, r) || more || !Evidence::fires(r) || Evidence::right(r);
        if (r.measurement)
            return own && (is_twice(e, r) || more || r.measurement->stray_count != 0) && std::ranges::all_of(r.measurement->strays(), doubled);
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
    if (findings.has("vendor-not-patched") || findings.has("stale-exit-reason") || findings.has("counted-twice") ||
        findings.has("wrong-register") || findings.has("answer-overwritten"))
        return;
    const auto off = [&](const Result& r, std::int64_t sign) {
        if (!r.measurement)
            return false;
        const auto& m = *r.measurement;
        if (m.exit == e.cpuid() && Evidence::fires(r))
            return m.stray_count == 0 && m.told == static_cast<std::int64_t>(m.caused) + sign * m.queries;
        return queries_off(e, r, sign) && (Evidence::right(r) || !Evidence::fires(r));
    };
    for (const auto& [sign, symptom] : {std::pair{-1, Symptom::self_count_none}, {1, Symptom::self_count_twice}}) {
        // What another VM adds may be as much now and then.
        const auto agreeing = e.count_failed([&](const Result& r) { return off(r, sign); });
        const auto others = e.count_failed([&](const Result& r) { return cpuid_moves(e, r) && !off(r, sign); });
        if (!e.shown(symptom) && agreeing <= others)
            continue;
        auto& finding = findings.add("self-count");
        finding.text.write(sign < 0 ? "a query does not count its own CPUID exit, so two in a row tell the same number: the query leaves "
                                      "before the counter, or is taken off again"
                                    : "a query counts its own CPUID exit twice, so two in a row differ by 2: the code that answers it counts, "
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
        if (!Evidence::failed(r) || !r.measurement)
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
        seen.to_fired = seen.to_fired || e.any([&](const Result& r) { return Evidence::fires(r) && r.measurement->exit == exit; });
    }
    return seen;
}

void write_shared(Finding& finding, const SharedRows& seen, bool two_rows, Numbering numbering)
{
    if (seen.both_ways && !seen.moved) {
        ExitSet mutual;
        for (const auto exit : seen.to.all())
            if (seen.from.contains(exit))
                mutual.add(exit);
        mutual.write(finding.text, numbering);
        finding.text.write(" exits also show in each other's row: these numbers share an index of the table");
        return;
    }
    seen.from.write(finding.text, numbering);
    finding.text.write(seen.moved ? " exits are counted in row " : " exits also show in row ");
    seen.to.write(finding.text, numbering);
    finding.text.write(two_rows     ? ", but not the other way round: the exit is recorded twice, under two numbers"
                       : seen.moved ? " instead of their own: two exit numbers get the same index (a mask, a cast or a gap of the table's)"
                                    : ": the two numbers share an index of the table, or one exit is recorded under both");
}

void shared_slots(const Evidence& e, Findings& findings)
{
    if (findings.all().size() != 0 && (findings.has("stale-exit-reason") || findings.has("self-count") || findings.has("counted-twice")))
        return;
    const auto seen = shared_rows(e);
    if (seen.sourced <= seen.unsourced)
        return;
    const bool two_rows = !seen.moved && !seen.both_ways && (seen.to_fired || seen.to.contains(e.cpuid()));
    auto& finding = two_rows ? findings.add("exit-in-two-slots")
                             : findings.add("shared-slot", seen.moved || seen.both_ways ? "" : "exit-in-two-slots");
    write_shared(finding, seen, two_rows, e.numbering());
    e.explain(finding, [&](const Result& r) {
        if (!r.measurement)
            return r.shows_any(Symptom::rows_over_total, Symptom::count_unsteady, Symptom::not_enabled_garbage);
        const auto shared = [&](ExitNumber exit) { return seen.to.contains(exit) || seen.from.contains(exit); };
        const bool own = !Evidence::fires(r) || Evidence::right(r) || shared(r.measurement->exit);
        return own && std::ranges::all_of(r.measurement->strays(), [&](const Stray& s) { return shared(s.exit); });
    });
}

// The kinds of exits that were caused, and never counted; CPUID's apart.
ExitSet lost_kinds(const Evidence& e)
{
    ExitSet lost;
    for (const auto& r : e.results)
        if (Evidence::failed(r) && e.absent(r) && r.measurement->exit != e.cpuid() && !r.measurement->nested)
            lost.add(r.measurement->exit);
    ExitSet never;
    for (const auto exit : lost.all())
        if (!e.any([&](const Result& r) { return Evidence::fires(r) && r.measurement->exit == exit && r.measurement->told > 0; }))
            never.add(exit);
    return never;
}

// What a counter misses that stands behind the place where KVM passes a nested guest's exits on to its hypervisor.
bool lacks_passed_on(const Result& r)
{
    return r.shows(Symptom::passed_on_lost) ||
           (r.measurement && r.measurement->nested && lacks_only(r, [](ExitNumber) { return true; }));
}

bool nothing_at_all(const Findings& findings)
{
    return findings.has("vendor-not-patched") || findings.has("stale-exit-reason") || findings.has("wrong-register") ||
           findings.has("answer-overwritten");
}

void retpoline_shortcut(const Evidence& e, Findings& findings)
{
    if (nothing_at_all(findings))
        return;
    ExitSet shortcuts, others, counted;
    for (const auto exit : lost_kinds(e).all())
        (is_shortcut(e.numbering(), exit) ? shortcuts : others).add(exit);
    bool others_counted = false, fastpaths = true;
    for (const auto& r : e.results) {
        if (!Evidence::fires(r))
            continue;
        const auto exit = r.measurement->exit;
        if (!is_shortcut(e.numbering(), exit))
            others_counted = others_counted || r.measurement->told > 0;
        else if (r.measurement->told > 0)
            counted.add(exit);
        else
            fastpaths = fastpaths && r.measurement->fastpath;
    }
    if (shortcuts.size() <= others.size() || !others_counted || (shortcuts.size() == 1 && !counted.empty()))
        return;
    auto& finding = findings.add("retpoline-shortcut", fastpaths ? "lost-fastpath" : "");
    shortcuts.write(finding.text, e.numbering());
    finding.text.format(" exits read 0 while others are counted: the counter sits behind the retpoline shortcut of {}{}; count where "
                        "trace_kvm_exit() stands",
                        shortcut_function(e.numbering()), fastpaths ? ", or behind KVM's fastpath" : "");
    const auto lost = [&](ExitNumber exit) { return shortcuts.contains(exit); };
    e.explain(finding, [&](const Result& r) { return lacks_only(r, lost) || lacks_passed_on(r) || r.shows(Symptom::total_over_rows); });
}

// Half of them or more: a race loses fewer.
bool lacks_many(const Result& r)
{
    return Evidence::is_short(r) && r.measurement->told >= 0 && 2 * r.measurement->told <= static_cast<std::int64_t>(r.measurement->caused);
}

void lost_fastpath(const Evidence& e, Findings& findings)
{
    if (nothing_at_all(findings))
        return;
    ExitSet lost;
    for (const auto& r : e.results) {
        if (!Evidence::failed(r) || !lacks_many(r) || r.measurement->nested || !has_fastpath(e.numbering(), r.measurement->exit))
            continue;
        const auto exit = r.measurement->exit;
        if (e.any([&](const Result& other) { return Evidence::right(other) && other.measurement->exit == exit && !other.measurement->fastpath; }))
            lost.add(exit);
    }
    if (lost.empty())
        return;
    auto& finding = findings.add("lost-fastpath");
    lost.write(finding.text, e.numbering());
    finding.text.format(" exits that KVM handles in its fastpath are lost while others of that number are counted: the counter sits where {} "
                        "starts; count where trace_kvm_exit() stands",
                        by_vendor(e.numbering(), "vmx_handle_exit()", "svm_handle_exit()"));
    const auto kinds = [&](ExitNumber exit) { return has_fastpath(e.numbering(), exit); };
    e.explain(finding, [&](const Result& r) { return lacks_only(r, kinds) || lacks_passed_on(r) || r.shows(Symptom::total_over_rows); });
}

bool has_surplus(const Result& r)
{
    if (!r.measurement)
        return r.shows(Symptom::count_unsteady);
    const auto& m = *r.measurement;
    const bool own = Evidence::fires(r) ? m.told > static_cast<std::int64_t>(m.caused) && !Evidence::right(r) : m.told > 0;
    return own || std::ranges::any_of(m.strays(), [](const Stray& s) { return s.told > s.high; });
}

// What no other finding explains.
template <typename Test> std::size_t count_unexplained(const Evidence& e, const Findings& findings, Test test)
{
    std::size_t count = 0;
    for (std::size_t i = 0; i < e.results.size(); i++)
        count += Evidence::failed(e.results[i]) && !findings.explained(i) && test(e.results[i]);
    return count;
}

// Did its own row grow by more than it caused, and by neither as much again nor by the queries' own?
bool has_nobodys(const Result& r)
{
    if (!Evidence::fires(r) || r.measurement->bound != Bound::exact)
        return false;
    const auto& m = *r.measurement;
    const auto caused = static_cast<std::int64_t>(m.caused), more = m.told - caused;
    return more > 0 && more % caused != 0 && more % caused != m.queries % caused;
}

void host_wide(const Evidence& e, Findings& findings)
{
    ExitSet rows;
    std::size_t nobodys = 0; // growths that are in no proportion to what this guest caused
    for (const auto& r : e.results) {
        if (!Evidence::failed(r) || !r.measurement)
            continue;
        if (has_nobodys(r)) {
            rows.add(r.measurement->exit);
            nobodys++;
        }
        for (const auto& s : r.measurement->strays())
            if (s.told > s.high) {
                rows.add(s.exit);
                nobodys += !source_of(e, *r.measurement, s);
            }
    }
    constexpr std::size_t least_results = 3, least_rows = 2;
    if ((rows.size() < least_rows && nobodys < least_results) || count_unexplained(e, findings, has_surplus) < least_results)
        return;
    auto& finding = findings.add("host-wide");
    finding.text.write("exits come in that this guest did not cause, whatever it does: ");
    rows.write(finding.text, e.numbering());
    finding.text.write("; another VM's show in its ledger, so the counters are the host's: keep them in struct kvm_vcpu");
    e.explain(finding, [](const Result& r) {
        return has_surplus(r) || miscounts(r) || r.shows_any(Symptom::not_enabled_garbage, Symptom::impossible);
    });
}

bool has_loss(const Result& r)
{
    if (r.shows_any(Symptom::soak_lost, Symptom::self_count_lost, Symptom::total_over_rows, Symptom::passed_on_lost))
        return true;
    if (!r.measurement)
        return false;
    return Evidence::is_short(r) ||
           std::ranges::any_of(r.measurement->strays(), [](const Stray& s) { return s.told < s.low; });
}

// How many of how many exits are missing, over all failures, and of which kinds.
struct Losses {
    std::uint64_t lost = 0, caused = 0;
    ExitSet kinds;
    bool all = true;       // none of a kind was counted
    bool many = false;     // half or more of what was caused at once
    bool passed_on = true; // only a nested guest's

    void add(ExitNumber exit, std::int64_t told, std::int64_t due)
    {
        if (told >= due)
            return;
        kinds.add(exit);
        lost += static_cast<std::uint64_t>(due - told);
        all = all && told == 0;
        constexpr std::int64_t least_due = 20; // of fewer, half are soon lost by chance
        many = many || (due >= least_due && 2 * told <= due);
    }
};

Losses losses(const Evidence& e, const Findings& findings)
{
    Losses sum;
    for (std::size_t i = 0; i < e.results.size(); i++) {
        const auto& r = e.results[i];
        if (Evidence::failed(r) && !findings.explained(i) && has_loss(r))
            sum.passed_on = sum.passed_on && lacks_passed_on(r);
        if (!r.measurement || r.verdict == Verdict::skip || findings.explained(i))
            continue;
        const auto& m = *r.measurement;
        sum.caused += m.caused + static_cast<std::uint64_t>(m.queries);
        if (Evidence::fires(r))
            sum.add(m.exit, m.told, static_cast<std::int64_t>(m.caused));
        for (const auto& s : m.strays())
            sum.add(s.exit, s.told, s.low);
    }
    return sum;
}

void lost_exits(const Evidence& e, Findings& findings)
{
    if (count_unexplained(e, findings, has_loss) == 0)
        return;
    const auto sum = losses(e, findings);
    const bool few = sum.lost * 4 <= sum.caused && !sum.many;
    const bool races = e.vcpus > 1 && few && !e.shown(Symptom::self_count_lost);
    auto& finding = races ? findings.add("racing-counters", "lost-exits") : findings.add("lost-exits");
    if (sum.passed_on && (sum.many || e.shown(Symptom::passed_on_lost)))
        finding.text.write("a nested guest's exits that KVM passes on to the nested guest's hypervisor are not counted: they leave before "
                           "the counter; count where trace_kvm_exit() stands");
    else if (races)
        finding.text.format("where {} vCPUs exit at once, some of their exits are lost: they share counters that are not atomic, and updates "
                            "race; keep them in struct kvm_vcpu and add up when asked. If vcpus=1 loses some as well, it is no race",
                            e.vcpus);
    else if (sum.kinds.empty())
        finding.text.write("some exits are counted in the total, but in no row, or not at all; which path loses them does not show here");
    else if (few)
        finding.text.format("about one exit in {} is lost, whatever its kind{}: the counter is skipped now and then, which is no race",
                            sum.lost ? sum.caused / sum.lost : 0, e.vcpus > 1 ? ", while one vCPU asks alone as well" : ", with one vCPU alone");
    else {
        sum.kinds.write(finding.text, e.numbering());
        finding.text.format(" exits are {}: a path of theirs leaves before the counter; count where trace_kvm_exit() stands",
                            sum.all ? "not counted at all" : "lost in part");
    }
    e.explain(finding, [&](const Result& r) { return has_loss(r) || (few && (miscounts(r) || r.shows(Symptom::rows_over_total))); });
}

constexpr Recogniser recognisers[] = {nothing_counted, stale_exit_reason, counted_twice, self_count, shared_slots,
                                      retpoline_shortcut, lost_fastpath, host_wide, lost_exits};

}

std::span<const Recogniser> count_recognisers()
{
    return recognisers;
}

}
