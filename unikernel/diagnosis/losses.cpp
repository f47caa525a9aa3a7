// Causes that show in rows that grow by less than was caused.
#include "diagnosis/find.hpp"

#include "audit/growth.hpp"
#include "diagnosis/shortcuts.hpp"

namespace diagnosis {
namespace {

// The kinds of exits that were caused, and never counted; CPUID's apart.
ExitSet lost_kinds(const Evidence& e) {
    ExitSet lost, never;
    e.for_each_row([&](const Row& row) {
        if (row.own && e.absent(row.result) && row.exit != e.cpuid() && !row.measurement().nested)
            lost.add(row.exit);
    });
    for (const auto exit : lost.all())
        if (!e.any([&](const Result& r) {
                return Evidence::fires(r) && r.measurement->exit == exit && r.measurement->counted > 0;
            }))
            never.add(exit);
    return never;
}

// What a counter misses that stands behind the place where KVM passes a nested guest's exits on to its
// hypervisor.
bool lacks_passed_on(const Row& row) { return row.lacks() && row.measurement().nested; }

// Does the ledger only lack exits that the tracepoint has, all of them of such a kind?
template <typename Test> bool tracepoint_lacks(const Evidence& e, Test test) {
    const auto all = e.count_differences([](const RowDifference&) { return true; });
    return all != 0 && all == e.count_differences(
                                  [&](const RowDifference& d) { return d.counted < d.traced && test(d); });
}

// Exits of these kinds, which a total does not tell apart, and those that are passed on, as a counter that
// comes too late may come after them, too.
template <typename Kinds> void explain_lost(const Evidence& e, Finding& finding, Kinds kinds) {
    const bool passed_on = e.count_rows(lacks_passed_on) != 0;
    e.explain_rows(finding, [&](const Row& row) {
        return lacks_passed_on(row) || (row.lacks() && (kinds(row.exit) || row.measurement().by_total));
    });
    e.explain_shown(finding, Symptom::passed_on_lost, Symptom::total_over_rows);
    e.explain_differences(finding, [&](const RowDifference& d) {
        return d.counted < d.traced && (passed_on || kinds(d.exit));
    });
}

// Half of them or more: a race loses fewer.
bool lacks_many(const Row& row) {
    return row.own && row.lacks() && row.counted >= 0 && 2 * row.counted <= row.low;
}

// Was none of them counted? Of a total's growth the host's own exits are a little part.
bool lacks_all(const Evidence& e, const Row& row) {
    return e.absent(row.result) || (row.measurement().by_total && 20 * row.counted <= row.low);
}

bool is_loss(const Row& row) { return row.lacks(); }

constexpr auto lost_symptoms = {Symptom::soak_lost, Symptom::self_count_lost, Symptom::total_over_rows,
                                Symptom::passed_on_lost};

bool shows_loss(const Result& r) {
    return std::ranges::any_of(lost_symptoms, [&](Symptom symptom) { return r.shows(symptom); });
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

    void add(const Row& row) {
        if (!row.lacks()) return;
        kinds.add(row.exit);
        passed_on = passed_on && lacks_passed_on(row);
        lost += static_cast<std::uint64_t>(row.low - row.counted);
        all = all && row.counted == 0;
        constexpr std::int64_t least = 20; // of fewer, half are soon lost by chance
        many = many || (row.low >= least && 2 * row.counted <= row.low);
        // At worst all of them write the same number each time; but one total of all kinds may fall far back.
        path = path || (row.low >= least && !row.measurement().by_total && 2 * row.counted * vcpus < row.low);
    }
};

Losses losses(const Evidence& e) {
    Losses sum;
    sum.vcpus = e.vcpus();
    for (const auto& r : e.results())
        if (r.measurement && r.outcome != audit::Outcome::skip)
            sum.caused += r.measurement->caused + static_cast<std::uint64_t>(r.measurement->queries);
    e.for_each_row([&](const Row& row) { sum.add(row); });
    sum.passed_on =
        sum.passed_on && !e.shown(Symptom::soak_lost, Symptom::self_count_lost, Symptom::total_over_rows);
    return sum;
}

bool is_race(const Evidence& e, const Losses& sum) {
    const bool soaked =
        e.any([](const Result& r) { return r.name == "smp.soak" && r.outcome == audit::Outcome::ok; });
    return e.vcpus() > 1 && !sum.path && !soaked && !e.shown(Symptom::self_count_lost);
}

// Did the time of an exit come through, and its count not?
bool outlasts(const Result& r) {
    const auto* host = r.measurement && r.measurement->host ? &*r.measurement->host : nullptr;
    return host && host->extremes && host->mean() > host->extremes->longest;
}

bool loses(const Evidence& e) { return e.count_rows(is_loss) != 0 || e.any_failed(shows_loss); }

// A small part of the exits of several kinds.
bool few(const Losses& sum) { return sum.lost * 4 <= sum.caused && !sum.many && sum.kinds.size() > 2; }

void explain_losses(const Evidence& e, Finding& finding, bool everywhere) {
    e.explain_differences(finding, [](const RowDifference& d) { return d.counted < d.traced; });
    e.explain_rows(finding, is_loss);
    e.explain_others(finding, [&](const Result& r) { return shows_loss(r) || (everywhere && miscounts(r)); });
}

}

bool find_retpoline_shortcut(const Evidence& e, Finding& finding) {
    const auto numbering = e.numbering();
    if (tracepoint_lacks(
            e, [&](const RowDifference& d) { return d.counted == 0 && is_shortcut(numbering, d.exit); })) {
        ExitSet rows;
        for (const auto& difference : e.differences()) rows.add(difference.exit);
        rows.write(finding.text, numbering);
        finding.text.format(" exits are not in the ledger, though the kvm_exit tracepoint has them: see {}",
                            shortcut_function(numbering));
        explain_lost(e, finding, [&](ExitNumber exit) { return rows.contains(exit); });
        return true;
    }
    ExitSet shortcuts, others, counted;
    const auto kinds = lost_kinds(e);
    for (const auto exit : kinds.all()) (is_shortcut(numbering, exit) ? shortcuts : others).add(exit);
    bool others_counted = false, fastpaths = true;
    for (const auto& r : e.results()) {
        if (!Evidence::fires(r)) continue;
        const auto exit = r.measurement->exit;
        if (!is_shortcut(numbering, exit))
            others_counted = others_counted || r.measurement->counted > 0;
        else if (r.measurement->counted > 0)
            counted.add(exit);
        else
            fastpaths = fastpaths && r.measurement->fastpath;
    }
    // Where one of the shortcuts' exits is counted, those with a fastpath need not be lost by the shortcuts.
    const bool by_fastpath = !counted.empty() && std::ranges::all_of(shortcuts.all(), [&](ExitNumber exit) {
        return has_fastpath(numbering, exit);
    });
    if (shortcuts.size() <= others.size() || !others_counted || by_fastpath ||
        (shortcuts.size() == 1 && !counted.empty()))
        return false;
    if (fastpaths) finding.or_id = "lost-fastpath";
    shortcuts.write(finding.text, numbering);
    finding.text.format(" exits read 0 while others are counted: see {}{}", shortcut_function(numbering),
                        fastpaths ? ", or KVM's fastpath" : "");
    explain_lost(e, finding, [&](ExitNumber exit) { return shortcuts.contains(exit); });
    return true;
}

bool find_lost_fastpath(const Evidence& e, Finding& finding) {
    ExitSet lost;
    bool all_lost = false; // a race leaves some of them
    e.for_each_row([&](const Row& row) {
        if (!lacks_many(row) || row.measurement().nested || !has_fastpath(e.numbering(), row.exit)) return;
        const auto counted_otherwise = [&](const Result& other) {
            return Evidence::right(other) && other.measurement->exit == row.exit &&
                   !other.measurement->fastpath;
        };
        if (!e.any(counted_otherwise)) return;
        lost.add(row.exit);
        all_lost = all_lost || lacks_all(e, row);
    });
    if (lost.empty() || !all_lost) return false;
    lost.write(finding.text, e.numbering());
    finding.text.write(
        " exits that KVM handles in its fastpath are lost while others of that number are counted");
    explain_lost(e, finding, [&](ExitNumber exit) { return has_fastpath(e.numbering(), exit); });
    return true;
}

bool find_racing_counters(const Evidence& e, Finding& finding) {
    if (!loses(e)) return false;
    const auto sum = losses(e);
    if (!is_race(e, sum)) return false;
    finding.or_id = "lost-exits";
    finding.text.format("where {} vCPUs exit at once, some of their exits are lost", e.vcpus());
    explain_losses(e, finding, true);
    // Counters that vCPUs contend for take time, and with time the host's interrupts come.
    e.explain_rows(finding, [&](const Row& row) {
        return row.exceeds() && !row.own && audit::is_noise(e.numbering(), row.exit);
    });
    e.explain_others(finding, outlasts);
    return true;
}

bool find_lost_exits(const Evidence& e, Finding& finding) {
    if (!loses(e)) {
        const auto lost = e.count_differences([](const RowDifference& d) { return d.counted < d.traced; });
        const bool total_alone = e.host().total_lacks && e.differences().empty();
        if (lost == 0 && !total_alone) return false;
        std::uint64_t missing = 0, traced = 0;
        for (const auto& d : e.differences())
            if (d.counted < d.traced) {
                missing += d.traced - d.counted;
                traced += d.traced;
            }
        finding.or_id = "racing-counters";
        if (total_alone)
            finding.text.write(
                "the ledger's total is less than the kvm_exit tracepoint's, though every row agrees");
        else
            finding.text.format("the ledger lacks {} of {} exits that the kvm_exit tracepoint has", missing,
                                traced);
        explain_losses(e, finding, false);
        return true;
    }
    const auto sum = losses(e);
    if (is_race(e, sum)) return false;
    if (sum.passed_on && (sum.many || e.shown(Symptom::passed_on_lost))) {
        finding.text.write(
            "a nested guest's exits that KVM passes on to the nested guest's hypervisor are not counted");
    } else if (sum.kinds.empty()) {
        finding.text.write("some exits are counted in the total, but in no row, or not at all");
        finding.what = "which path loses them does not show here";
    } else if (few(sum)) {
        finding.text.format("about one exit in {} is lost, whatever its kind{}",
                            sum.lost ? sum.caused / sum.lost : 0,
                            e.vcpus() == 1                      ? ", with one vCPU alone"
                            : e.shown(Symptom::self_count_lost) ? ", while one vCPU asks alone as well"
                                                                : "");
        finding.what = "the counter is skipped now and then, which is no race";
    } else {
        const bool others_counted = e.any([&](const Result& r) {
            return Evidence::fires(r) && Evidence::right(r) && sum.kinds.contains(r.measurement->exit);
        });
        sum.kinds.write(finding.text, e.numbering());
        finding.text.format(" exits are {}", !sum.all ? "lost in part"
                                             : others_counted
                                                 ? "not counted on one path, and counted on another"
                                                 : "not counted at all");
    }
    explain_losses(e, finding, few(sum));
    return true;
}

}
