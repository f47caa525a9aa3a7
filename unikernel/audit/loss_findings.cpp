// Causes that show in rows that grow by less than was caused.
#include "audit/evidence.hpp"

#include "audit/growth.hpp"
#include "audit/shortcuts.hpp"

namespace audit {
namespace {

using ledger::ExitNumber;
using Stray = Measurement::Stray;

// The kinds of exits that were caused, and never counted; CPUID's apart.
ExitSet lost_kinds(const Evidence& e)
{
    ExitSet lost;
    for (const auto& r : e.results)
        if (Evidence::failed(r) && e.absent(r) && r.measurement->exit != e.cpuid() && !r.measurement->nested)
            lost.add(r.measurement->exit);
    ExitSet never;
    for (const auto exit : lost.all())
        if (!e.any([&](const Result& r) {
                return Evidence::fires(r) && r.measurement->exit == exit && r.measurement->told > 0;
            }))
            never.add(exit);
    return never;
}

// What a counter misses that stands behind the place where KVM passes a nested guest's exits on to its
// hypervisor.
bool lacks_passed_on(const Result& r)
{
    return r.shows(Symptom::passed_on_lost) ||
           (r.measurement && r.measurement->nested && lacks_only(r, [](ExitNumber) { return true; }));
}

bool nothing_at_all(const Findings& findings)
{
    return findings.has("vendor-not-patched") || findings.has("stale-exit-reason") ||
           findings.has("wrong-register") || findings.has("answer-overwritten");
}

void retpoline_shortcut(const Evidence& e, Findings& findings)
{
    if (nothing_at_all(findings))
        return;
    ExitSet shortcuts, others, counted;
    const auto kinds = lost_kinds(e);
    for (const auto exit : kinds.all())
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
    // Where one of the shortcuts' exits is counted, those with a fastpath need not be lost by the shortcuts.
    const bool by_fastpath = !counted.empty() && std::ranges::all_of(shortcuts.all(), [&](ExitNumber exit) {
        return has_fastpath(e.numbering(), exit);
    });
    if (shortcuts.size() <= others.size() || !others_counted || by_fastpath ||
        (shortcuts.size() == 1 && !counted.empty()))
        return;
    auto& finding = findings.add("retpoline-shortcut", fastpaths ? "lost-fastpath" : "");
    shortcuts.write(finding.text, e.numbering());
    finding.text.format(" exits read 0 while others are counted: the counter sits behind the retpoline "
                        "shortcut of {}{}; count where "
                        "trace_kvm_exit() stands",
                        shortcut_function(e.numbering()), fastpaths ? ", or behind KVM's fastpath" : "");
    const auto lost = [&](ExitNumber exit) { return shortcuts.contains(exit); };
    e.explain(finding, [&](const Result& r) {
        return lacks_only(r, lost) || lacks_passed_on(r) || r.shows(Symptom::total_over_rows);
    });
}

// Half of them or more: a race loses fewer.
bool lacks_many(const Result& r)
{
    return Evidence::is_short(r) && r.measurement->told >= 0 &&
           2 * r.measurement->told <= static_cast<std::int64_t>(r.measurement->caused);
}

void lost_fastpath(const Evidence& e, Findings& findings)
{
    if (nothing_at_all(findings))
        return;
    ExitSet lost;
    bool all_lost = false; // a race leaves some of them
    for (const auto& r : e.results) {
        if (!Evidence::failed(r) || !lacks_many(r) || r.measurement->nested ||
            !has_fastpath(e.numbering(), r.measurement->exit))
            continue;
        const auto exit = r.measurement->exit;
        if (e.any([&](const Result& other) {
                return Evidence::right(other) && other.measurement->exit == exit &&
                       !other.measurement->fastpath;
            })) {
            lost.add(exit);
            all_lost = all_lost || e.absent(r);
        }
    }
    if (lost.empty() || !all_lost)
        return;
    auto& finding = findings.add("lost-fastpath");
    lost.write(finding.text, e.numbering());
    finding.text.format(" exits that KVM handles in its fastpath are lost while others of that number are "
                        "counted: the counter sits where {} "
                        "starts; count where trace_kvm_exit() stands",
                        by_vendor(e.numbering(), "vmx_handle_exit()", "svm_handle_exit()"));
    const auto kinds = [&](ExitNumber exit) { return has_fastpath(e.numbering(), exit); };
    e.explain(finding, [&](const Result& r) {
        return lacks_only(r, kinds) || lacks_passed_on(r) || r.shows(Symptom::total_over_rows);
    });
}

bool has_loss(const Result& r)
{
    if (r.shows_any(Symptom::soak_lost, Symptom::self_count_lost, Symptom::total_over_rows,
                    Symptom::passed_on_lost))
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
    bool path = false;     // more than a race of so many vCPUs can lose
    bool passed_on = true; // only a nested guest's

    unsigned vcpus = 1;

    void add(ExitNumber exit, std::int64_t told, std::int64_t due)
    {
        if (told >= due)
            return;
        kinds.add(exit);
        lost += static_cast<std::uint64_t>(due - told);
        all = all && told == 0;
        constexpr std::int64_t least_due = 20; // of fewer, half are soon lost by chance
        many = many || (due >= least_due && 2 * told <= due);
        // At worst all of them write the same number each time.
        path = path || (due >= least_due && 2 * told * vcpus < due);
    }
};

Losses losses(const Evidence& e, const Findings& findings)
{
    Losses sum;
    sum.vcpus = e.vcpus;
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

// Does nothing about it go against the ledger but that more interrupts of the host came than so many exits
// explain?
bool interrupted_much(const Evidence& e, const Result& r)
{
    return r.measurement && r.measurement->stray_count != 0 && (!Evidence::fires(r) || Evidence::right(r)) &&
           std::ranges::all_of(r.measurement->strays(), [&](const Stray& s) {
               return s.told > s.high && is_noise(e.numbering(), s.exit);
           });
}

// Did the time of an exit come through, and its count not?
bool outlasts(const Result& r)
{
    const auto* host = r.measurement && r.measurement->host ? &*r.measurement->host : nullptr;
    return host && host->extremes && host->mean() > host->extremes->longest;
}

void lost_exits(const Evidence& e, Findings& findings)
{
    if (e.answers_mix() || e.count_unexplained(findings, has_loss) == 0)
        return;
    const auto sum = losses(e, findings);
    const bool few = sum.lost * 4 <= sum.caused && !sum.many;
    const bool soaked =
        e.any([](const Result& r) { return r.name == "smp.soak" && r.verdict == Verdict::ok; });
    const bool races = e.vcpus > 1 && !sum.path && !soaked && !e.shown(Symptom::self_count_lost);
    auto& finding = races ? findings.add("racing-counters", "lost-exits") : findings.add("lost-exits");
    if (sum.passed_on && (sum.many || e.shown(Symptom::passed_on_lost)))
        finding.text.write("a nested guest's exits that KVM passes on to the nested guest's hypervisor are "
                           "not counted: they leave before "
                           "the counter; count where trace_kvm_exit() stands");
    else if (races)
        finding.text.format("where {} vCPUs exit at once, some of their exits are lost: they share counters "
                            "that are not atomic, and updates "
                            "race; keep them in struct kvm_vcpu and add up when asked. If vcpus=1 loses some "
                            "as well, it is no race",
                            e.vcpus);
    else if (sum.kinds.empty())
        finding.text.write("some exits are counted in the total, but in no row, or not at all; which path "
                           "loses them does not show here");
    else if (few)
        finding.text.format("about one exit in {} is lost, whatever its kind{}: the counter is skipped now "
                            "and then, which is no race",
                            sum.lost ? sum.caused / sum.lost : 0,
                            e.vcpus > 1 ? ", while one vCPU asks alone as well" : ", with one vCPU alone");
    else {
        const bool others_counted = e.any([&](const Result& r) {
            return Evidence::fires(r) && Evidence::right(r) && sum.kinds.contains(r.measurement->exit);
        });
        sum.kinds.write(finding.text, e.numbering());
        finding.text.format(
            " exits are {}: a path of theirs leaves before the counter; count where trace_kvm_exit() stands",
            !sum.all         ? "lost in part"
            : others_counted ? "not counted on one path, and counted on another"
                             : "not counted at all");
    }
    e.explain(finding, [&](const Result& r) {
        // Counters that vCPUs contend for take time, and with time the host's interrupts come.
        return has_loss(r) || ((few || races) && (miscounts(r) || r.shows(Symptom::rows_over_total))) ||
               (races && (interrupted_much(e, r) || outlasts(r)));
    });
}

constexpr Recogniser recognisers[] = {retpoline_shortcut, lost_fastpath, lost_exits};

}

std::span<const Recogniser> loss_recognisers() { return recognisers; }

}
