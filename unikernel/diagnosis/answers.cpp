// Causes that show in what the leaves answer, whatever was counted.
#include "diagnosis/find.hpp"

namespace diagnosis {
namespace {

// How the rule for undefined numbers is broken.
enum class Undefined { kept, past_the_table, never_marked, garbage_for_all, garbage, wrong_mark, some };

Undefined undefined_rule(const Evidence& e) {
    const bool never = e.shown(Symptom::undefined_never_marked),
               garbage = e.shown(Symptom::undefined_garbage);
    if (e.shown(Symptom::past_the_table)) return Undefined::past_the_table;
    if (garbage)
        // AMD's holes lie behind the table: nothing in it shows whether the rule is there at all.
        return never && e.is_vmx() ? Undefined::garbage_for_all : Undefined::garbage;
    if (e.shown(Symptom::undefined_wrong_mark)) return Undefined::wrong_mark;
    if (never) return Undefined::never_marked;
    return e.shown(Symptom::undefined_as_not_enabled) ? Undefined::some : Undefined::kept;
}

void explain_undefined(const Evidence& e, Finding& finding) {
    // Numbers within the table that break another rule are no part of it.
    e.explain_others(finding, [](const Result& r) {
        return !r.shows(Symptom::not_enabled_garbage) &&
               r.shows_any(Symptom::undefined_as_not_enabled, Symptom::undefined_garbage,
                           Symptom::undefined_wrong_mark, Symptom::undefined_never_marked,
                           Symptom::past_the_table);
    });
}

// Does its own row count exits which KVM only passes on to a nested hypervisor, and has no handler for?
bool counts_unhandled(const Row& row) {
    return !row.own && row.measurement().unhandled && row.high == 0 &&
           row.counted == static_cast<std::int64_t>(row.measurement().caused);
}

bool explain_unhandled(const Evidence& e, Finding& finding) {
    const bool own = e.explain_rows(finding, counts_unhandled);
    if (own) e.explain_shown(finding, Symptom::passed_on_lost, Symptom::not_enabled_garbage);
    return own;
}

// Of an array for Intel's numbers.
constexpr ExitNumber intel_room = 69;
constexpr std::string_view for_every_code =
    "give it a row for each exit code, up to 0x403, and test ECX before it is an index";

// Numbers from here on are never counted, and those below are: an array of this many.
bool table_too_short(const Evidence& e, ExitSet& lost) {
    bool beyond = false;
    ExitSet below; // one may be the row that all exits go to
    for (const auto& r : e.results()) {
        if (!Evidence::fires(r)) continue;
        const auto exit = r.measurement->exit;
        if (exit >= intel_room && e.absent(r)) lost.add(exit);
        beyond = beyond || (exit > intel_room + 1 && !e.absent(r));
        if (exit < intel_room && !e.absent(r)) below.add(exit);
    }
    // A short plan may fire none of those below. Where all numbers are marked, another cause outranks this.
    const auto& profile = e.profile();
    const bool marks = !e.outranked() && lost.contains(e.cpuid()) &&
                       profile.undefined == ledger::Answer::mark &&
                       profile.not_enabled == ledger::Answer::mark;
    return !e.is_vmx() && !beyond && (marks ? lost.size() > 1 : below.size() > 1 && lost.size() > 2);
}

// A row that grew by more than exits can have happened: memory that holds something else, such as cycles.
bool is_impossible(const Row& row) {
    const auto& m = row.measurement();
    // Of a number that no KVM counts, more than came in all is enough.
    const auto most = row.never_counted ? 10 * (static_cast<std::int64_t>(m.caused) + m.queries) : 1'000'000;
    return row.exceeds() && row.counted - std::max(row.high, std::int64_t{0}) >= most;
}

// Writes how it shows, the surest sign first. False if it does not.
bool say_out_of_bounds(const Evidence& e, const ExitSet& impossible, Finding& finding) {
    constexpr std::string_view too_short = "other memory is read as counts, such as cycles: the table is too "
                                           "short for the numbers that index it";
    ExitSet lost;
    const auto rule = undefined_rule(e);
    const auto& moving = e.profile().moving;
    if (e.host().complaint == Complaint::index_out_of_bounds ||
        e.host().complaint == Complaint::fault_in_ledger) {
        if (e.host().complaint == Complaint::fault_in_ledger) finding.or_id = "host-complaint";
        finding.text.format("the host's kernel caught it: \"{}\"{}{}", e.host().complaint_text,
                            e.host().place.empty() ? "" : ", at ", e.host().place);
        if (!impossible.empty()) finding.what = too_short;
    } else if (!moving.empty()) {
        moving.write(finding.text, e.numbering());
        finding.text.format(" change{} between two readings by more than exits can",
                            moving.size() == 1 ? "s" : "");
        finding.what = "what lies behind the host's table is answered as a count: the table is too short, or "
                       "its bound is tested "
                       "with > instead of >=";
    } else if (!impossible.empty()) {
        impossible.write(finding.text, e.numbering());
        finding.text.format(" grow{} by more than exits can", impossible.size() == 1 ? "s" : "");
        finding.what = too_short;
        e.explain_differences(finding, [](const RowDifference& d) { return d.counted > d.traced; });
    } else if (rule == Undefined::past_the_table) {
        finding.what = "the exit number just behind the host's table is answered like those within: its "
                       "bound is tested with > "
                       "instead of >=";
    } else if (rule == Undefined::garbage) {
        finding.text.write("undefined exit numbers are answered with what lies in memory behind the table, "
                           "or with another row");
    } else if (table_too_short(e, lost)) {
        lost.write(finding.text, e.numbering());
        finding.text.write(" exits are not counted, while those of lower numbers are");
        finding.what = "the table has room for Intel's numbers, and AMD's exit codes go up to 0x403";
        finding.remedy = for_every_code;
        // Its rule for undefined numbers may be Intel's, too.
        constexpr ledger::Edition intels{intel_room, false};
        e.explain_rows(finding, [&](const Row& row) {
            return row.exit >= intel_room || (row.lacks() && !intels.defines(Numbering::vmx, row.exit));
        });
        e.explain_shown(finding, Symptom::total_over_rows, Symptom::self_count_none, Symptom::untimed,
                        Symptom::hole, Symptom::not_enabled_as_undefined, Symptom::soak_lost);
    } else {
        return false;
    }
    return true;
}

}

bool find_wrong_layout(const Evidence& e, Finding& finding) {
    const auto& profile = e.profile();
    if (profile.reads_right()) return false;
    finding.text.format(
        "the leaves are read by layout {}, as the plan's layout= says, but they answer as layout {}'s do",
        profile.layout.name, profile.detected.name);
    return e.explain(finding, [](const Result&) { return true; });
}

bool find_wrong_edition(const Evidence& e, Finding& finding) {
    const auto &given = e.profile().edition, &detected = e.profile().detected_edition;
    if (given.last == detected.last) return false;
    finding.text.format("the plan's sdm= says that the manual's table ends with {}, the host's ends with {}",
                        given.last, detected.last);
    return e.explain_shown(finding, Symptom::hole, Symptom::undefined_as_not_enabled,
                           Symptom::undefined_garbage, Symptom::undefined_never_marked,
                           Symptom::not_enabled_as_undefined);
}

// Where CPUID's own number answers the mark, every number does; where none does, the rule is missing or looks
// at another register.
bool find_wrong_register(const Evidence& e, Finding& finding) {
    if (e.shown(Symptom::defined_as_undefined)) {
        finding.text.write("every exit number is answered as undefined (EDX all ones), CPUID's own too");
        return e.explain(finding, [](const Result& r) {
            return r.measurement || miscounts(r) ||
                   r.shows_any(Symptom::hole, Symptom::not_enabled_as_undefined, Symptom::foreign_answer,
                               Symptom::untimed, Symptom::defined_as_undefined);
        });
    }
    const auto rule = undefined_rule(e);
    if (rule != Undefined::garbage_for_all && rule != Undefined::never_marked) return false;
    const bool garbage = rule == Undefined::garbage_for_all;
    finding.or_id = garbage ? "out-of-bounds" : "undefined-answer";
    finding.text.format("no undefined exit number is marked{}: the rule is missing, or",
                        garbage ? ", and those behind the table are "
                                  "answered from what lies there"
                                : "; all answer zeros");
    finding.what =
        "the bound is tested on EAX, which holds the leaf, and not on ECX, which holds the exit number";
    finding.remedy = "test ECX, and answer EDX=0xffffffff for numbers that the manual does not define";
    explain_undefined(e, finding);
    explain_unhandled(e, finding);
    return true;
}

bool find_answer_overwritten(const Evidence& e, Finding& finding) {
    if (e.host().unanswered) {
        finding.text.write(
            "the host keeps a ledger of this guest, as its debugfs shows, but the leaves answer as on an "
            "unpatched host");
        return true;
    }
    // Zeros are what an unpatched AMD host answers: they count where a whole leaf is so.
    const auto timed = [](const Result& r) {
        return r.measurement && r.measurement->host && r.measurement->host->cycles != 0;
    };
    const bool data = e.shown(Symptom::ordinary_data);
    if (!data && !(e.shown(Symptom::leaf_unmarked) && e.shown(Symptom::untimed) && !e.any(timed)))
        return false;
    if (!data) finding.or_id = "counted-not-timed";
    finding.text.write(
        data ? "ledger leaves answer an ordinary CPUID leaf's data, the highest basic one's or leaf 0's"
             : "one of the ledger's leaves answers zeros whatever it is asked, as on an unpatched host");
    e.explain_rows(finding, [&](const Row& row) {
        return row.own ? e.absent(row.result) : row.counted + row.measurement().queries == 0;
    });
    return e.explain_shown(finding, Symptom::ordinary_data, Symptom::leftovers, Symptom::undefined_garbage,
                           Symptom::undefined_as_not_enabled, Symptom::not_enabled_garbage,
                           Symptom::foreign_answer, Symptom::self_count_none, Symptom::impossible,
                           Symptom::untimed, Symptom::leaf_unmarked);
}

bool find_registers_not_cleared(const Evidence& e, Finding& finding) {
    if (e.shown(Symptom::edx_left_set))
        finding.text.write("EDX is all ones beside a value");
    else
        finding.text.write("registers that a leaf does not define carry something");
    return e.explain_shown(finding, Symptom::leftovers);
}

bool find_answers_exchanged(const Evidence& e, Finding& finding) {
    const bool exchanged =
        e.profile().undefined == ledger::Answer::all_zeros && e.profile().not_enabled == ledger::Answer::mark;
    if (!exchanged &&
        !(e.shown(Symptom::undefined_as_not_enabled) && e.shown(Symptom::not_enabled_as_undefined)))
        return false;
    if (!exchanged) {
        finding.what =
            "some numbers that the manual does not define answer zeros, and some that KVM does not "
            "handle answer EDX all ones";
        finding.remedy = "exchange the answers of these numbers";
    }
    return e.explain_shown(finding, Symptom::undefined_as_not_enabled, Symptom::not_enabled_as_undefined,
                           Symptom::undefined_never_marked, Symptom::hole);
}

bool find_out_of_bounds(const Evidence& e, Finding& finding) {
    ExitSet impossible;
    const auto& moving = e.profile().moving;
    e.for_each_row([&](const Row& row) {
        if (is_impossible(row)) impossible.add(row.exit);
    });
    if (!say_out_of_bounds(e, impossible, finding)) return false;
    // What lies there moves as it likes, and is in no total.
    explain_undefined(e, finding);
    e.explain_shown(finding, Symptom::count_unsteady, Symptom::rows_over_total, Symptom::impossible);
    e.explain_rows(finding, [&](const Row& row) {
        return row.never_counted || moving.contains(row.exit) || impossible.contains(row.exit);
    });
    e.explain_others(finding,
                     [&](const Result& r) { return r.measurement && moving.contains(r.measurement->exit); });
    if (moving.empty() && impossible.empty()) return true;
    e.explain_shown(finding, Symptom::hole, Symptom::total_over_rows);
    if (!impossible.empty() || !e.is_vmx()) e.explain_shown(finding, Symptom::not_enabled_garbage);
    if (e.is_vmx()) return true;
    // An array of Intel's size, indexed by AMD's codes, is written beyond its end, too.
    finding.remedy = for_every_code;
    e.explain_rows(finding, [](const Row& row) { return row.exceeds() || row.exit >= intel_room; });
    return true;
}

bool find_undefined_answer(const Evidence& e, Finding& finding) {
    const auto rule = undefined_rule(e);
    if (rule == Undefined::wrong_mark) {
        finding.text.write("undefined exit numbers are marked, but by another value than EDX=0xffffffff");
    } else if (rule == Undefined::some) {
        finding.text.write("some undefined exit numbers answer zeros");
        finding.what = "the rule (EDX=0xffffffff) leaves out numbers, or one of the leaves";
    } else if (e.shown(Symptom::hole) && e.profile().not_enabled != ledger::Answer::mark) {
        finding.text.write("exit numbers that the manual defines are answered as undefined");
        finding.what = "the host's table of defined numbers has a hole";
    } else {
        return false;
    }
    explain_undefined(e, finding);
    return e.explain_shown(finding, Symptom::hole) || rule != Undefined::kept;
}

bool find_not_enabled_answer(const Evidence& e, Finding& finding) {
    const bool unhandled = explain_unhandled(e, finding);
    const bool marked = e.shown(Symptom::not_enabled_as_undefined);
    if (!unhandled && !marked && !e.shown(Symptom::not_enabled_garbage)) return false;
    if (unhandled)
        finding.text.write(
            "a number that KVM has no handler for reports how many such exits it passed on to a nested "
            "hypervisor");
    else
        finding.text.format("exit numbers that the manual defines and KVM does not handle answer {}",
                            marked ? "as undefined ones do (EDX all ones)" : "other than zeros");
    e.explain_shown(finding, Symptom::not_enabled_as_undefined, Symptom::not_enabled_garbage);
    if (marked) e.explain_shown(finding, Symptom::hole);
    return true;
}

// The number's row stays at zero while the total counts its exits.
bool find_handled_not_enabled(const Evidence& e, Finding& finding) {
    ExitSet exits;
    e.for_each_row([&](const Row& row) {
        const auto& m = row.measurement();
        if (row.own && e.absent(row.result) && row.exit != e.cpuid() &&
            2 * m.uncounted > static_cast<std::int64_t>(m.caused)) // the host's own exits blur it
            exits.add(row.exit);
    });
    if (exits.empty()) return false;
    exits.write(finding.text, e.numbering());
    finding.text.write(" exits answer zeros, while the total counts them");
    e.explain_rows(finding, [&](const Row& row) { return row.lacks() && exits.contains(row.exit); });
    e.explain_shown(finding, Symptom::total_over_rows, Symptom::untimed);
    return true;
}

bool find_other_leaves_changed(const Evidence& e, Finding& finding) {
    // kvm_emulate_cpuid() asks first whether the guest wants CPUID to fault.
    const auto answered = [](const Result& r) {
        return r.name == "cpuid.faulting" && Evidence::right(r) &&
               r.measurement->raised[static_cast<unsigned>(machine::Exception::general_protection)] <
                   r.measurement->caused;
    };
    const bool changed = e.shown(Symptom::other_leaf);
    if (e.any_failed(answered)) {
        finding.text.write("CPUID at CPL 3 is answered where the guest has asked for CPUID faulting: the "
                           "test at the start of "
                           "kvm_emulate_cpuid() is gone, or comes behind the ledger's answer");
        if (!changed) {
            finding.what = "CPUID faulting is ignored";
            finding.remedy = "keep that test before the ledger's answer";
        }
    }
    return e.explain_others(finding,
                            [&](const Result& r) { return r.shows(Symptom::other_leaf) || answered(r); });
}

bool find_shared_query(const Evidence& e, Finding& finding) {
    if (!e.shown(Symptom::foreign_answer)) return false;
    // A row that nothing grows, and that read otherwise by another's answer.
    e.explain_rows(finding, [](const Row& row) { return !row.own && row.counted != 0; });
    // With several vCPUs counts are confirmed by a second reading; cycles are not.
    return e.explain_others(finding, [](const Result& r) {
        return r.measurement || miscounts(r) || r.shows_any(Symptom::foreign_answer, Symptom::impossible);
    });
}

}
