// Causes that show in what the leaves answer, whatever was counted.
#include "audit/evidence.hpp"

namespace audit {
namespace {

using ledger::Numbering;

void wrong_edition(const Evidence& e, Findings& findings)
{
    if (e.probe.edition.last == e.probe.detected_edition.last ||
        !e.shown(Symptom::hole, Symptom::undefined_as_not_enabled, Symptom::undefined_garbage,
                 Symptom::not_enabled_as_undefined))
        return;
    auto& finding = findings.add("wrong-edition");
    finding.text.format("the exit numbers are judged by an edition of Intel's manual that ends with {}, as "
                        "the plan's sdm= says, but "
                        "the host's ends with {}: leave sdm= out, or tell that one",
                        e.probe.edition.last, e.probe.detected_edition.last);
    e.explain_shown(finding, Symptom::hole, Symptom::undefined_as_not_enabled, Symptom::undefined_garbage,
                    Symptom::undefined_never_marked, Symptom::not_enabled_as_undefined);
}

// Where CPUID's own number answers the mark, every number does.
void everything_marked(const Evidence& e, Findings& findings)
{
    if (!e.shown(Symptom::defined_as_undefined))
        return;
    auto& finding = findings.add("wrong-register");
    finding.text.write("every exit number is answered as undefined (EDX all ones), CPUID's own too: the "
                       "bound is tested on EAX, which "
                       "holds the leaf, and not on ECX, which holds the exit number");
    e.explain(finding, [](const Result& r) {
        return r.measurement || miscounts(r) ||
               r.shows_any(Symptom::hole, Symptom::not_enabled_as_undefined, Symptom::foreign_answer,
                           Symptom::untimed);
    });
}

void ordinary_data(const Evidence& e, Findings& findings)
{
    // Zeros are what an unpatched AMD host answers: they speak where a whole leaf is so.
    const auto timed = [](const Result& r) {
        return r.measurement && r.measurement->host && r.measurement->host->cycles != 0;
    };
    const bool a_leaf = e.shown(Symptom::leaf_unmarked) && e.shown(Symptom::untimed) && !e.any(timed);
    if (!e.shown(Symptom::ordinary_data) && !a_leaf)
        return;
    auto& finding =
        findings.add("answer-overwritten", e.shown(Symptom::ordinary_data) ? "" : "counted-not-timed");
    finding.text.format(
        "{}: {} is answered by the ordinary CPUID path, which kvm_emulate_cpuid() still takes after the "
        "ledger has written "
        "its answer, or in its place",
        e.shown(Symptom::ordinary_data)
            ? "ledger leaves answer an ordinary CPUID leaf's data, the highest basic one's or leaf 0's"
            : "one of the ledger's leaves answers zeros whatever it is asked, as on an unpatched host",
        e.shown(Symptom::ordinary_data) ? "what they tell" : "it");
    e.explain(finding, [&](const Result& r) {
        return r.shows_any(Symptom::ordinary_data, Symptom::leftovers, Symptom::undefined_garbage,
                           Symptom::undefined_as_not_enabled, Symptom::not_enabled_garbage,
                           Symptom::foreign_answer, Symptom::self_count_none, Symptom::impossible,
                           Symptom::untimed, Symptom::leaf_unmarked) ||
               e.absent(r) || e.queries_absent(r);
    });
}

void leftovers(const Evidence& e, Findings& findings)
{
    if (!e.shown(Symptom::leftovers) || findings.has("answer-overwritten"))
        return;
    const bool edx = e.shown(Symptom::edx_left_set);
    auto& finding = findings.add("registers-not-cleared");
    finding.text.format("registers that a leaf does not define carry something{}: the host writes those with "
                        "a value and leaves the others "
                        "as they were; all four must be set, most of them to 0",
                        edx ? ", EDX all ones beside a value" : "");
    e.explain_shown(finding, Symptom::leftovers, Symptom::foreign_answer, Symptom::not_enabled_garbage,
                    Symptom::undefined_garbage,
                    // Where a count is left unwritten, it is no count.
                    Symptom::rows_over_total, Symptom::total_over_rows, Symptom::count_unsteady);
    if (edx)
        e.explain_shown(finding, Symptom::hole, Symptom::not_enabled_as_undefined);
}

void exchanged_answers(const Evidence& e, Findings& findings)
{
    if (findings.has("wrong-edition") || !e.shown(Symptom::undefined_as_not_enabled) ||
        !e.shown(Symptom::not_enabled_as_undefined) ||
        e.shown(Symptom::edx_left_set, Symptom::defined_as_undefined))
        return;
    auto& finding = findings.add("answers-exchanged");
    finding.text.write("exit numbers that the manual does not define answer zeros, and those that KVM does "
                       "not handle answer EDX all "
                       "ones: the two answers are exchanged");
    e.explain_shown(finding, Symptom::undefined_as_not_enabled, Symptom::not_enabled_as_undefined,
                    Symptom::hole);
}

constexpr auto undefined_rule = {Symptom::undefined_as_not_enabled, Symptom::undefined_garbage,
                                 Symptom::undefined_wrong_mark, Symptom::undefined_never_marked,
                                 Symptom::past_the_table};

void explain_undefined(const Evidence& e, Finding& finding)
{
    e.explain(finding, [](const Result& r) {
        return std::ranges::any_of(undefined_rule, [&](Symptom symptom) { return r.shows(symptom); });
    });
}

// Is an exit told, by the number that it has, which KVM only passes on to a nested hypervisor and has no
// handler for?
bool tells_unhandled(const Result& r)
{
    return r.measurement && r.measurement->unhandled && Evidence::right(r) &&
           r.measurement->stray_count == 1 && r.measurement->strays()[0].high == 0 &&
           r.measurement->strays()[0].told == static_cast<std::int64_t>(r.measurement->caused);
}

// Then the rows have what the total alone should.
void explain_unhandled(const Evidence& e, Finding& finding)
{
    if (!e.any_failed(tells_unhandled))
        return;
    e.explain(finding, tells_unhandled);
    e.explain_shown(finding, Symptom::passed_on_lost, Symptom::not_enabled_garbage);
}

void unhandled_answers(const Evidence& e, Findings& findings)
{
    if (e.count_unexplained(findings, tells_unhandled) == 0)
        return;
    auto& finding = findings.add("not-enabled-answer");
    finding.text.write("an exit number that KVM has no handler for tells how many such exits it passed on to "
                       "a nested hypervisor: it must "
                       "answer zeros");
    explain_unhandled(e, finding);
}

// What lies there moves as it likes, and is in no total.
void explain_out_of_bounds(const Evidence& e, Finding& finding)
{
    explain_undefined(e, finding);
    e.explain_shown(finding, Symptom::count_unsteady, Symptom::rows_over_total, Symptom::impossible);
    e.explain(finding, [](const Result& r) {
        return r.measurement && r.measurement->stray_count != 0 &&
               (!Evidence::fires(r) || Evidence::right(r)) &&
               std::ranges::all_of(r.measurement->strays(), [](const auto& s) { return s.never_counted; });
    });
}

void undefined_answers(const Evidence& e, Findings& findings)
{
    if (findings.has("wrong-edition") || findings.has("answers-exchanged") ||
        findings.has("answer-overwritten"))
        return;
    const bool never = e.shown(Symptom::undefined_never_marked);
    const bool garbage = e.shown(Symptom::undefined_garbage) && !e.shown(Symptom::leftovers);
    if (e.shown(Symptom::past_the_table)) {
        auto& finding = findings.add("out-of-bounds");
        finding.text.write("the exit number just behind the host's table is answered like those within: its "
                           "bound is tested with > "
                           "where >= is due");
        explain_out_of_bounds(e, finding);
    } else if (never && garbage && e.numbering() == Numbering::vmx) {
        auto& finding = findings.add("wrong-register", "out-of-bounds");
        finding.text.write("no undefined exit number is marked, not even 35, 38 and 42 within the table, and "
                           "those behind it are answered "
                           "from what lies there: the rule is missing, or tests EAX, which holds the leaf, "
                           "where it must test ECX");
        explain_undefined(e, finding);
        explain_unhandled(e, finding);
    } else if (garbage) {
        auto& finding = findings.add("out-of-bounds");
        finding.text.write("undefined exit numbers are answered with what lies in memory behind the host's "
                           "table, or with another number's "
                           "row: ECX indexes it untested, tested too late, or cut to fewer bits");
        explain_out_of_bounds(e, finding);
    } else if (e.shown(Symptom::undefined_wrong_mark)) {
        auto& finding = findings.add("undefined-answer");
        finding.text.write("undefined exit numbers are marked, but by another value than EDX=0xffffffff");
        explain_undefined(e, finding);
    } else if (never) {
        auto& finding = findings.add("wrong-register", "undefined-answer");
        finding.text.write("no undefined exit number is marked, all answer zeros: the rule (EDX=0xffffffff) "
                           "is missing, or tests EAX, which "
                           "holds the leaf, where it must test ECX");
        explain_undefined(e, finding);
        explain_unhandled(e, finding);
    } else if (e.shown(Symptom::undefined_as_not_enabled)) {
        auto& finding = findings.add("undefined-answer");
        finding.text.write("some undefined exit numbers answer zeros: the rule (EDX=0xffffffff) leaves out "
                           "numbers, or one of the leaves");
        explain_undefined(e, finding);
    }
}

void not_enabled_answers(const Evidence& e, Findings& findings)
{
    if (findings.has("wrong-edition") || findings.has("answers-exchanged") ||
        e.shown(Symptom::defined_as_undefined) || findings.has("answer-overwritten"))
        return;
    const bool marked = e.shown(Symptom::not_enabled_as_undefined) && !e.shown(Symptom::edx_left_set);
    const bool garbage = e.count_unexplained(findings, [](const Result& r) {
        return r.shows(Symptom::not_enabled_garbage);
    }) != 0;
    if (marked || garbage) {
        auto& finding = findings.add("not-enabled-answer");
        finding.text.format(
            "exit numbers that the manual defines and KVM does not handle answer {}, and must answer zeros",
            marked ? "as undefined ones do (EDX all ones)" : "something");
        e.explain_shown(finding, Symptom::not_enabled_as_undefined, Symptom::not_enabled_garbage,
                        Symptom::hole);
    } else if (e.shown(Symptom::hole) && !e.shown(Symptom::edx_left_set)) {
        auto& finding = findings.add("undefined-answer");
        finding.text.write("exit numbers that the manual defines are answered as undefined: the host's table "
                           "of defined numbers has a hole");
        e.explain_shown(finding, Symptom::hole);
    }
}

void foreign_answers(const Evidence& e, Findings& findings)
{
    if (!e.answers_mix())
        return;
    auto& finding = findings.add("shared-query");
    finding.text.write("vCPUs that ask at the same time get each other's answers: leaf, exit number or "
                       "answer pass through a variable of "
                       "the module's; keep them in struct kvm_vcpu, or on the stack");
    e.explain(finding, [](const Result& r) {
        return r.measurement || miscounts(r) ||
               r.shows_any(Symptom::foreign_answer, Symptom::impossible, Symptom::untimed,
                           Symptom::partly_untimed);
    });
}

void other_leaves(const Evidence& e, Findings& findings)
{
    // kvm_emulate_cpuid() asks first whether the guest wants CPUID to fault.
    const auto answered = [](const Result& r) {
        return r.name == "cpuid.faulting" && Evidence::right(r) &&
               r.measurement->raised[static_cast<unsigned>(machine::Exception::general_protection)] <
                   r.measurement->caused;
    };
    const bool changed = e.shown(Symptom::other_leaf), faulting_ignored = e.any_failed(answered);
    if (!changed && !faulting_ignored)
        return;
    auto& finding = findings.add("other-leaves-changed");
    if (changed)
        finding.text.write("CPUID leaves that are not the ledger's no longer answer as without one: its test "
                           "of EAX takes in too many leaves, "
                           "or EAX and ECX do not reach kvm_cpuid() as the guest set them");
    if (faulting_ignored)
        finding.text.format("{}CPUID at CPL 3 is answered where the guest has asked for CPUID faulting: the "
                            "test at the start of "
                            "kvm_emulate_cpuid() is gone, or comes behind the ledger's answer",
                            changed ? "; " : "");
    e.explain(finding, [&](const Result& r) { return r.shows(Symptom::other_leaf) || answered(r); });
}

constexpr Recogniser recognisers[] = {wrong_edition,     everything_marked, ordinary_data,    leftovers,
                                      exchanged_answers, undefined_answers, unhandled_answers};
constexpr Recogniser late_recognisers[] = {not_enabled_answers, foreign_answers, other_leaves};

}

std::span<const Recogniser> late_answer_recognisers() { return late_recognisers; }

std::span<const Recogniser> answer_recognisers() { return recognisers; }

}
