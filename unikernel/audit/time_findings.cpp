// Causes that show in the cycles.
#include "audit/evidence.hpp"

#include "audit/shortcuts.hpp"

namespace audit {
namespace {

void exchanged_words(const Evidence& e, Findings& findings)
{
    if (!e.shown(Symptom::halves_swapped))
        return;
    auto& finding = findings.add("halves-swapped");
    finding.text.write("the cycles make sense with their words exchanged: the host puts the low half into "
                       "EBX and the high half into ECX, "
                       "and the interface wants it the other way round");
    e.explain_shown(finding, Symptom::halves_swapped, Symptom::impossible, Symptom::foreign_answer);
}

void lost_word(const Evidence& e, Findings& findings)
{
    if (!e.shown(Symptom::high_word_lost) || findings.has("halves-swapped"))
        return;
    auto& finding = findings.add("high-word-lost");
    finding.text.write("the cycles wrap at 2^32: the host keeps, or hands out in EBX, only their low word");
    e.explain_shown(finding, Symptom::high_word_lost, Symptom::impossible, Symptom::foreign_answer,
                    Symptom::partly_untimed);
}

// Of the triggers whose exits were counted: those that took no time.
void not_timed(const Evidence& e, Findings& findings)
{
    if (e.count_unexplained(findings, [](const Result& r) {
            return r.shows_any(Symptom::untimed, Symptom::partly_untimed);
        }) == 0)
        return;
    ExitSet untimed;
    bool shortcuts = true, fastpaths = true, timed = false;
    for (const auto& r : e.results) {
        if (!r.measurement || r.verdict == Verdict::skip || !r.measurement->host)
            continue;
        if (!r.shows(Symptom::untimed)) {
            timed = true;
            continue;
        }
        untimed.add(r.measurement->exit);
        shortcuts = shortcuts && is_shortcut(e.numbering(), r.measurement->exit);
        fastpaths = fastpaths && r.measurement->fastpath;
    }
    auto& finding = findings.add("counted-not-timed");
    if (untimed.empty() && (timed || e.shown(Symptom::partly_untimed))) {
        finding.text.write(
            "exits are counted, but some are not timed: their paths leave before their time is added");
    } else if (untimed.empty() || !timed) {
        finding.text.write("exits are counted, but no time is told of any: their cycles stay 0");
    } else {
        untimed.write(finding.text, e.numbering());
        finding.text.write(" exits are counted, but their cycles stay 0 while others' grow: ");
        if (fastpaths)
            finding.text.write(
                "KVM handles them in its fastpath, and the clock runs only round the exit handler");
        else if (shortcuts)
            finding.text.format(
                "the clock is stopped, or its time added, behind the retpoline shortcut of {}",
                shortcut_function(e.numbering()));
        else
            finding.text.write("their paths leave before their time is added");
    }
    e.explain_shown(finding, Symptom::untimed, Symptom::partly_untimed);
}

void stopped_early(const Evidence& e, Findings& findings)
{
    if (!e.shown(Symptom::stops_early))
        return;
    auto& finding = findings.add("clock-stopped-early");
    finding.text.format("exits take too few cycles to contain their handler, and as many whatever is done "
                        "for them: the clock stops before "
                        "the exit is handled; stop it after {} at the least, or at the next VM entry",
                        by_vendor(e.numbering(), "vmx_handle_exit()", "svm_handle_exit()"));
    e.explain_shown(finding, Symptom::stops_early);
}

void slow_queries(const Evidence& e, Findings& findings)
{
    if (!e.shown(Symptom::slow_query))
        return;
    auto& finding = findings.add("slow-query");
    finding.text.write("a ledger leaf costs many times what another CPUID leaf costs, though both exit "
                       "alike: the host does something "
                       "expensive at each query, as a line of log (printk) or a lock is");
    e.explain_shown(finding, Symptom::slow_query);
}

constexpr Recogniser recognisers[] = {exchanged_words, lost_word, not_timed, stopped_early, slow_queries};

}

std::span<const Recogniser> time_recognisers() { return recognisers; }

std::optional<Finding> note_definition(std::span<const Result> results)
{
    // Where exits are not timed that ought to be, a part that is missing is no definition.
    if (std::ranges::any_of(results, [](const Result& r) {
            return Evidence::failed(r) && r.shows_any(Symptom::untimed, Symptom::partly_untimed);
        }))
        return {};
    const auto named = std::ranges::find_if(results, [](const Result& r) {
        return r.verdict == Verdict::ok && r.shows_any(Symptom::handler_alone, Symptom::part_of_exit);
    });
    if (named == results.end())
        return {};
    Finding note{named->shows(Symptom::handler_alone) ? "handler-only" : "part-of-exit", {}, {}, {}};
    note.text.format(
        "the time of an exit is told by another definition than this interface's, which is no error: {}",
        named->message.view());
    return note;
}

}
