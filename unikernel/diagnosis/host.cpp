// Causes that only the host's own instruments show, and notes.
#include "diagnosis/find.hpp"

namespace diagnosis {

// The tracepoint rules out that exits were lost, doubled or misplaced: then what a trigger expects is wrong.
bool find_expectation_wrong(const Evidence& e, Finding& finding) {
    return e.host().tracepoint_agrees && e.explain_rows(finding, [](const Row&) { return true; });
}

bool find_counts_when_audited(const Evidence& e, Finding& finding) {
    return e.explain(finding, [](const Result& r) { return r.name == "host.earlier-vm"; });
}

bool find_host_complaint(const Evidence& e, Finding& finding) {
    if (e.outranked() || e.host().complaint == Complaint::none) return false;
    finding.text.format("\"{}\"{}{}", e.host().complaint_text, e.host().place.empty() ? "" : ", at ",
                        e.host().place);
    return true;
}

bool find_host_crashed(const Evidence& e, Finding& finding) {
    if (e.outranked() || e.host().crash.empty()) return false;
    finding.text.format("{}{}{}", e.host().crash,
                        e.host().last_line.empty() ? "" : "; the guest's last line: ", e.host().last_line);
    return true;
}

bool find_hang(const Evidence& e, Finding& finding) {
    if (e.outranked() || e.host().hang.empty()) return false;
    if (!e.host().stall.empty())
        finding.text.format("{}; the host's kernel: \"{}\"", e.host().hang, e.host().stall);
    else
        finding.text.format(
            "{}{}{}", e.host().hang,
            e.host().last_line.empty() ? "" : "; the guest's last line: ", e.host().last_line);
    return true;
}

namespace {

bool defines_time(const Evidence& e, Finding& finding, Symptom definition) {
    // Where exits are not timed that ought to be, a part that is missing is no definition.
    if (e.any_failed([](const Result& r) { return r.shows_any(Symptom::untimed, Symptom::partly_untimed); }))
        return false;
    for (const auto& r : e.results())
        if (r.outcome == audit::Outcome::ok && r.shows(definition)) {
            finding.text.write(r.message.view());
            return true;
        }
    return false;
}

}

bool find_handler_only(const Evidence& e, Finding& finding) {
    return defines_time(e, finding, Symptom::handler_alone);
}

bool find_part_of_exit(const Evidence& e, Finding& finding) {
    return defines_time(e, finding, Symptom::part_of_exit);
}

bool find_leaf_missing(const Evidence& e, Finding& finding) {
    if (e.profile().missing == 0) return false;
    constexpr std::string_view names[] = {"the total count", "the total of cycles", "counts by exit",
                                          "cycles by exit"};
    const auto &layout = e.profile().layout, &full = *ledger::find_layout(layout.name.substr(0, 3));
    const auto list = [&](bool there) {
        std::string_view separator;
        for (std::size_t i = 0; i < std::size(names); i++)
            if (const auto leaf = ledger::assigned_leaves[i]; full.has(leaf) && layout.has(leaf) == there) {
                finding.text.format("{}{}", separator, names[i]);
                separator = ", ";
            }
    };
    finding.text.write("this host reports ");
    list(true);
    finding.text.write(" and not ");
    list(false);
    return true;
}

bool find_one_table(const Evidence& e, Finding& finding) {
    if (!e.allows_one_table()) return false;
    finding.text.write("the table held exits of an earlier VM when this one started");
    return true;
}

bool find_reduced_run(const Evidence& e, Finding& finding) {
    finding.text.write(e.observations().left_out);
    return !e.observations().left_out.empty();
}

}
