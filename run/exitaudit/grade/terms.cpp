// Judging by the terms.
#include "exitaudit/grade/terms.hpp"

#include "exitaudit/witness/diagnose.hpp"

#include <algorithm>
#include <array>

namespace exitaudit::grade {
namespace {

struct Definition {
    std::string_view id, as_failure;
};

// What docs/method.md calls different, not wrong.
constexpr std::array definitions{
    Definition{"handler-only",
               "the time of an exit is that of its handler alone, and user space and waiting are "
               "not in it"},
    Definition{"part-of-exit", "a part of an exit's time is left out: user space, or waiting"},
    Definition{"one-table", "one table counts the exits of all VMs of the host, and not each VM's own"},
    Definition{"leaf-missing", "some of the four leaves are not answered"},
};

void make_finding(Audit& audit, std::string_view id, std::string_view text) {
    const auto note = std::ranges::find(audit.notes, id, &Finding::id);
    if (note == audit.notes.end()) return;
    audit.notes.erase(note);
    audit.findings.push_back({std::string(id), std::string(text)});
    if (audit.verdict == "pass") audit.verdict = "fail";
}

} // namespace

void hold_to(const Terms& terms, Audit& audit) {
    if (has(audit.notes, "leaf-missing") && terms.assignment != 0) {
        const auto layout = profile_of(audit.report.log).layout;
        const bool totals = layout.has(ledger::Leaf::total) && layout.has(ledger::Leaf::cycles);
        const bool by_exit = layout.has(ledger::Leaf::exit_count) && layout.has(ledger::Leaf::exit_cycles);
        if (terms.assignment == 2 ? !totals : !by_exit)
            make_finding(audit, "leaf-missing",
                         terms.assignment == 2
                             ? "a leaf of assignment 2 is not answered: total count, or total cycles"
                             : "a leaf of assignment 3 is not answered: count, or cycles, by exit");
    }
    if (terms.strict)
        for (const auto& definition : definitions) make_finding(audit, definition.id, definition.as_failure);
}

} // namespace exitaudit::grade
