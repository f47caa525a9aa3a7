// Causes that show in the cycles.
#include "diagnosis/find.hpp"

#include "diagnosis/shortcuts.hpp"

namespace diagnosis {

bool find_halves_swapped(const Evidence& e, Finding& finding) {
    return e.explain_shown(finding, Symptom::halves_swapped);
}

bool find_high_word_lost(const Evidence& e, Finding& finding) {
    if (!e.shown(Symptom::high_word_lost)) return false;
    return e.explain_shown(finding, Symptom::high_word_lost, Symptom::impossible, Symptom::partly_untimed);
}

// Of the triggers whose exits were counted: those that took no time.
bool find_counted_not_timed(const Evidence& e, Finding& finding) {
    if (!e.shown(Symptom::untimed, Symptom::partly_untimed)) return false;
    ExitSet untimed;
    bool shortcuts = true, fastpaths = true, timed = false;
    for (const auto& r : e.results()) {
        if (!r.measurement || r.outcome == audit::Outcome::skip || !r.measurement->host) continue;
        if (!r.shows(Symptom::untimed)) {
            timed = true;
            continue;
        }
        untimed.add(r.measurement->exit);
        shortcuts = shortcuts && is_shortcut(e.numbering(), r.measurement->exit);
        fastpaths = fastpaths && r.measurement->fastpath;
    }
    if (untimed.empty() && (timed || e.shown(Symptom::partly_untimed))) {
        finding.text.write("some exits are counted and not timed");
    } else if (untimed.empty() || !timed) {
        finding.text.write("no exit's time is reported: all cycles stay 0");
    } else {
        untimed.write(finding.text, e.numbering());
        finding.text.write(" exits are counted, but their cycles stay 0 while others' grow");
        if (fastpaths)
            finding.what = "KVM handles them in its fastpath, and the clock runs only round the exit handler";
        else if (shortcuts)
            finding.what =
                "the clock is stopped, or its time added, behind the retpoline shortcut of the exit handler";
    }
    return e.explain_shown(finding, Symptom::untimed, Symptom::partly_untimed);
}

bool find_clock_stopped_early(const Evidence& e, Finding& finding) {
    return e.explain_shown(finding, Symptom::stops_early);
}

bool find_wrong_histogram(const Evidence& e, Finding& finding) {
    return e.explain(finding, [](const Result& r) { return r.name == "time.histogram"; });
}

bool find_slow_query(const Evidence& e, Finding& finding) {
    const auto log = e.host().log;
    const bool slow = e.explain_shown(finding, Symptom::slow_query);
    if (!slow && log.empty()) return false;
    if (!log.empty()) {
        finding.text.write(log);
        finding.what = "the host's kernel logs something at queries or exits (printk)";
    } else
        finding.text.format(
            "a ledger leaf costs {} times what another CPUID leaf costs, though both exit alike",
            e.profile().cost.query / std::max<std::uint64_t>(1, e.profile().cost.ordinary));
    e.explain(finding, [](const Result& r) { return r.name == "host.log"; });
    return true;
}

}
