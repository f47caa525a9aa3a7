// Causes that show in rows that grow in another's place, by more than was caused, or backwards.
#include "diagnosis/find.hpp"

#include "audit/growth.hpp"
#include "diagnosis/shortcuts.hpp"

namespace diagnosis {
namespace {

// KVM_EXIT_* of <linux/kvm.h>: all far below the exit codes that a guest causes.
constexpr ExitNumber kvm_exit_end = 0x40;

bool steps_back(const Evidence& e, const Row& row) {
    return audit::steps_back(e.numbering(), row.exit, row.counted, row.measurement().queries);
}

bool is_twice(const Evidence& e, const Row& row) {
    // Where more may come, twice as many may be right; and a nested guest's CPUID may be a query of the
    // ledger.
    return row.own && Evidence::fires(row.result) &&
           (row.measurement().bound == Bound::exact || row.measurement().by_total) &&
           row.counted == 2 * row.low && !(row.measurement().nested && row.exit == e.cpuid());
}

// Does CPUID's row grow by more than the queries? Then another row may be as much by chance.
bool others_come(const Evidence& e, const Result& r) {
    return std::ranges::any_of(r.measurement->strays(),
                               [&](const auto& s) { return s.exit == e.cpuid() && s.counted > s.high; });
}

// The kind of exit by which a row grows that is not its own, if there is one.
std::optional<ExitNumber> source_of(const Evidence& e, const Row& row) {
    const auto& m = row.measurement();
    const auto caused = static_cast<std::int64_t>(m.caused);
    const auto queries = m.queries + (m.exit == e.cpuid() ? caused : 0);
    const auto beyond = row.counted - row.low;
    if (row.own || !row.exceeds() || beyond <= 0) return {};
    if (m.exit != e.cpuid() && beyond == caused) return m.exit;
    if (queries > 0 && beyond >= queries && beyond < queries + queries / 4 + 2) return e.cpuid();
    if (m.exit != e.cpuid() && caused != 0 && beyond >= caused && beyond <= caused + caused / 4)
        return m.exit;
    return {};
}

struct SharedRows {
    ExitSet from, to;
    bool moved = false, both_ways = false, to_fired = false;
    std::size_t sourced = 0, unsourced = 0; // growths of rows that another kind explains, or none

    bool in_two_rows(const Evidence& e) const {
        return !moved && !both_ways && (to_fired || to.contains(e.cpuid()));
    }
};

SharedRows shared_rows(const Evidence& e) {
    SharedRows seen;
    e.for_each_row([&](const Row& row) {
        // Of a nested guest's exits several kinds come equally often.
        if (row.own || row.measurement().nested || row.measurement().by_total) return;
        const auto source = source_of(e, row);
        if (!source || *source == row.exit) {
            seen.unsourced += row.exceeds() && !audit::is_noise(e.numbering(), row.exit);
            return;
        }
        seen.sourced++;
        seen.from.add(*source);
        seen.to.add(row.exit);
        seen.moved = seen.moved || (*source == row.measurement().exit && Evidence::is_short(row.result));
    });
    for (const auto exit : seen.to.all()) {
        seen.both_ways = seen.both_ways || seen.from.contains(exit);
        seen.to_fired = seen.to_fired || e.any([&](const Result& r) {
            return Evidence::fires(r) && r.measurement->exit == exit;
        });
    }
    return seen;
}

void write_shared(const Evidence& e, const SharedRows& seen, Finding& finding) {
    if (seen.both_ways && !seen.moved) {
        auto sharing = seen.from;
        for (const auto exit : seen.to.all()) sharing.add(exit);
        sharing.write(finding.text, e.numbering());
        finding.text.write(sharing.size() == 2 ? " exits also show in each other's row"
                                               : " exits also show in rows of others of these");
        return;
    }
    seen.from.write(finding.text, e.numbering());
    finding.text.write(seen.moved ? " exits are counted in row " : " exits also show in row ");
    seen.to.write(finding.text, e.numbering());
    finding.text.write(seen.in_two_rows(e) ? ", but not the other way round"
                       : seen.moved        ? " instead of their own"
                                           : "");
}

// Are all exits that the ledger lacks in another row of it?
bool moved_rows(const Evidence& e) {
    const auto moved = [&](const RowDifference& row) {
        return std::ranges::any_of(e.differences(), [&](const RowDifference& other) {
            return other.counted > other.traced && other.counted - other.traced == row.traced - row.counted;
        });
    };
    const auto lost = e.count_differences([](const RowDifference& row) { return row.counted < row.traced; });
    return lost != 0 && lost == e.count_differences([&](const RowDifference& row) {
        return row.counted < row.traced && moved(row);
    });
}

bool find_shared(const Evidence& e, Finding& finding, bool in_two_rows) {
    const auto seen = shared_rows(e);
    if (seen.sourced <= seen.unsourced) {
        if (in_two_rows || !moved_rows(e)) return false;
        finding.text.write("the kvm_exit tracepoint has exits in other rows than the ledger");
        e.explain_differences(finding);
        return true;
    }
    if (seen.in_two_rows(e) != in_two_rows) return false;
    if (!in_two_rows && !seen.moved && !seen.both_ways) finding.or_id = "exit-in-two-slots";
    write_shared(e, seen, finding);
    const auto shared = [&](ExitNumber exit) { return seen.to.contains(exit) || seen.from.contains(exit); };
    e.explain_rows(finding, [&](const Row& row) { return shared(row.exit); });
    e.explain_shown(finding, Symptom::rows_over_total, Symptom::count_unsteady, Symptom::not_enabled_garbage);
    e.explain_differences(finding, [&](const RowDifference& d) { return shared(d.exit); });
    return true;
}

// Did its own row grow by more than it caused, and by neither as much again nor by the queries' own?
bool is_nobodys(const Evidence& e, const Row& row) {
    if (!row.own)
        return row.exceeds() && !row.never_counted && !audit::is_noise(e.numbering(), row.exit) &&
               !source_of(e, row);
    const auto& m = row.measurement();
    if (!Evidence::fires(row.result) || m.bound != Bound::exact || m.by_total ||
        audit::is_noise(e.numbering(), row.exit))
        return false;
    const auto more = row.counted - row.low;
    return more > 0 && more % row.low != 0 && more % row.low != m.queries % row.low;
}

}

// Nothing grows, not even CPUID's own row.
bool find_vendor_not_patched(const Evidence& e, Finding& finding) {
    const auto grows = [&](const Result& r) { return Evidence::fires(r) && !e.absent(r); };
    if (e.profile().grows || e.any(grows) ||
        e.count_rows([](const Row& row) { return row.exceeds(); }) != 0 || e.shown(Symptom::total_over_rows))
        return false;
    const bool marks = !e.shown(Symptom::undefined_never_marked);
    if (!marks) finding.or_id = "answer-overwritten";
    finding.text.format("every row stays 0, CPUID's own too, though the leaves are answered: {}'s part "
                        "records nothing{}",
                        by_vendor(e, "Intel", "AMD"),
                        marks ? "" : "; or the ordinary CPUID path answers these leaves, with zeros");
    e.explain_differences(finding);
    const bool rows = e.explain_rows(finding, [](const Row&) { return true; });
    return e.explain_others(finding, [](const Result& r) {
        return miscounts(r) || r.shows_any(Symptom::untimed, Symptom::impossible, Symptom::passed_on_lost);
    }) || rows;
}

bool find_stale_exit_reason(const Evidence& e, Finding& finding) {
    // CPUID's exits are among those in a wrong row.
    if (e.is_vmx() || e.profile().self_count != 0) return false;
    ExitSet rows;
    e.for_each_row([&](const Row& row) {
        if (!row.own && row.exit < kvm_exit_end && row.exceeds()) rows.add(row.exit);
    });
    const bool in_total_alone =
        rows.empty() && e.shown(Symptom::total_over_rows) &&
        !e.any([](const Result& r) { return Evidence::fires(r) && r.measurement->counted > 0; });
    if (rows.empty() && !in_total_alone) return false;
    if (in_total_alone) {
        // KVM_EXIT_MMIO, 6, is no exit code.
        finding.text.write(
            "the total grows, and no row does: exits are recorded under numbers that are no exit codes");
    } else {
        finding.text.write("exits show in rows ");
        rows.write(finding.text, e.numbering());
        finding.text.write(" and not in their own");
    }
    e.explain_differences(finding);
    e.explain_rows(finding, [](const Row&) { return true; });
    e.explain_others(finding, [](const Result& r) {
        return miscounts(r) ||
               r.shows_any(Symptom::untimed, Symptom::impossible, Symptom::not_enabled_garbage);
    });
    return true;
}

bool find_counts_go_back(const Evidence& e, Finding& finding) {
    const auto back = [&](const Row& row) { return steps_back(e, row); };
    const bool in_own_row = e.count_rows([&](const Row& row) { return row.own && back(row); }) != 0;
    const bool seen_by_rule = e.vcpus() == 1 && e.any_failed([](const Result& r) {
        return r.name == "time.monotonic" && r.shows(Symptom::count_unsteady);
    });
    // What that rule saw once may, with several vCPUs, be a race.
    constexpr std::size_t least_rows = 3;
    if (e.count_rows(back) < least_rows && !seen_by_rule && !in_own_row) return false;
    if (e.vcpus() > 1) finding.or_id = "racing-counters";
    e.explain_differences(finding, [](const RowDifference& d) { return d.counted < d.traced; });
    // A count that begins anew between two readings need not step back.
    e.explain_rows(finding, [&](const Row& row) { return back(row) || row.lacks(); });
    e.explain_others(finding, [](const Result& r) { return miscounts(r); });
    return true;
}

bool find_counted_twice(const Evidence& e, Finding& finding) {
    ExitSet rows, once;
    e.for_each_row([&](const Row& row) {
        if (is_twice(e, row) && !others_come(e, row.result)) rows.add(row.exit);
    });
    for (const auto& r : e.results())
        if (Evidence::right(r) && r.measurement->bound == Bound::exact && !r.measurement->nested)
            once.add(r.measurement->exit);
    const auto is_double = [](const RowDifference& d) { return d.counted == 2 * d.traced; };
    const auto doubled = e.count_differences(is_double);
    if (rows.empty() &&
        (doubled == 0 || doubled != e.count_differences([](const RowDifference&) { return true; })))
        return false;
    const bool queries = rows.contains(e.cpuid()) && !once.contains(e.cpuid());
    if (rows.empty())
        finding.text.write("the ledger has exits twice as often as the kvm_exit tracepoint");
    else
        rows.write(finding.text, e.numbering());
    if (!rows.empty()) finding.text.format(" exits count twice{}", once.empty() ? "" : ", others once");
    e.explain_differences(finding, [](const RowDifference& d) { return d.counted > d.traced; });
    e.explain_rows(finding, [&](const Row& row) {
        const bool more =
            row.exceeds() && (rows.contains(row.exit) ||
                              (has_fastpath(e.numbering(), row.exit) && (row.own || !source_of(e, row))));
        if (row.own || more) return is_twice(e, row) || more;
        const bool twice = row.low != 0 && row.counted == 2 * row.low;
        return row.exit == e.cpuid()
                   ? queries
                   : twice || (row.exceeds() && row.counted <= 2 * row.high && !once.contains(row.exit));
    });
    // The second record of an exit has no time left.
    e.explain_others(finding, [&](const Result& r) {
        const bool again = r.measurement && !once.contains(r.measurement->exit);
        return (again && r.shows(Symptom::partly_untimed)) || (queries && miscounts(r)) ||
               r.shows_any(Symptom::impossible, Symptom::rows_over_total);
    });
    return true;
}

bool find_total_differs(const Evidence& e, Finding& finding) {
    if (!e.explain_shown(finding, Symptom::total_twice)) return false;
    e.explain(finding, [](const Result& r) { return Evidence::compares_counts(r); });
    return true;
}

bool find_self_count(const Evidence& e, Finding& finding) {
    if (!e.shown(Symptom::self_count_none, Symptom::self_count_twice)) return false;
    finding.text.write(
        e.profile().self_count == 0
            ? "a query does not count its own CPUID exit, so two in a row report the same number"
            : "a query counts its own CPUID exit twice, so two in a row differ by 2");
    finding.what = e.profile().self_count == 0 ? "the query leaves before the counter, or is taken off again"
                                               : "the code that answers it counts, and so does the exit path";
    e.explain_differences(finding, [&](const RowDifference& d) { return d.exit == e.cpuid(); });
    e.explain_rows(finding, [&](const Row& row) { return row.exit == e.cpuid(); });
    e.explain_others(finding, [&](const Result& r) {
        return r.measurement && r.measurement->exit == e.cpuid() && r.shows(Symptom::partly_untimed);
    });
    return e.explain_shown(finding, Symptom::self_count_none, Symptom::self_count_twice,
                           Symptom::count_unsteady, Symptom::total_over_rows, Symptom::rows_over_total);
}

bool find_shared_slot(const Evidence& e, Finding& finding) { return find_shared(e, finding, false); }

bool find_exit_in_two_slots(const Evidence& e, Finding& finding) { return find_shared(e, finding, true); }

bool find_host_wide(const Evidence& e, Finding& finding) {
    ExitSet rows;
    const auto surplus = [](const Row& row) { return row.exceeds() && !row.never_counted; };
    // Of what this VM's own host causes, a slow one causes much.
    const auto count_nobodys = e.count_rows([&](const Row& row) { return is_nobodys(e, row); });
    e.for_each_row([&](const Row& row) {
        if (is_nobodys(e, row) || (!row.own && surplus(row) && !audit::is_noise(e.numbering(), row.exit)))
            rows.add(row.exit);
    });
    constexpr std::size_t least_results = 3, least_rows = 2;
    const bool surplus_everywhere = (rows.size() >= least_rows || count_nobodys >= least_results) &&
                                    e.count_rows(surplus) >= least_results;
    // Of a host with the assignment's leaves alone that is a definition: find_one_table().
    if (e.allows_one_table()) return false;
    const bool shared = e.shown(Symptom::shared_table), mixes = e.host().mixes_vms;
    if (!surplus_everywhere && !shared && !mixes) return false;
    if (surplus_everywhere) {
        finding.text.write("exits come in that this guest did not cause, whatever it does: ");
        rows.write(finding.text, e.numbering());
        e.explain_rows(finding,
                       [&](const Row& row) { return surplus(row) && !(row.own && e.absent(row.result)); });
        e.explain_others(finding, [](const Result& r) {
            return miscounts(r) || r.shows_any(Symptom::not_enabled_garbage, Symptom::impossible);
        });
    } else if (mixes) {
        finding.text.write("the noisy VM's exits are in the guest's ledger");
    } else {
        finding.text.write("the table held exits of an earlier VM when this one started");
    }
    e.explain_differences(finding, [](const RowDifference& d) { return d.counted > d.traced; });
    e.explain_shown(finding, Symptom::shared_table);
    e.explain(finding, [](const Result& r) { return r.name == "host.isolation"; });
    return true;
}

}
