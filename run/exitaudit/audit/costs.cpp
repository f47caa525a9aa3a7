// Joining runs that measured costs.
#include "exitaudit/audit/costs.hpp"

#include "exitaudit/support/json.hpp"

#include <tuple>

namespace exitaudit {

std::string ended_by(const AuditReport& part) {
    const auto& [timed_out, trouble] = std::tie(part.circumstances.timed_out, part.circumstances.trouble);
    return timed_out || trouble.empty() ? part.verdict.text : trouble;
}

void CostsInParts::add(const AuditReport& part) {
    logs_ += part.serial_log;
    seconds_ += part.circumstances.seconds.value_or(0);
    for (const auto& result : part.log.results) results_.push_back(result);
    if (!part.verdict.complete && !part.amid.empty()) {
        auto& skipped = results_.emplace_back();
        skipped.name = part.amid;
        skipped.outcome = Outcome::skip;
        skipped.message = ended_by(part);
        was_cut_ = true;
    }
    for (std::size_t i = 0; i < results_.size(); ++i) results_[i].number = i + 1;
    last_ = part;
}

AuditReport CostsInParts::report() const {
    auto report = last_;
    report.serial_log = logs_;
    report.log.results = results_;
    report.circumstances.seconds = seconds_;
    const auto counts = report.log.recount();
    const bool went_through = report.verdict.complete || !report.amid.empty();
    if (!was_cut_ || !went_through || report.signal || counts.passed == 0) return report;
    report.verdict = measured(counts);
    report.circumstances.causes = {}; // of the end of the last part, which the skipped results tell
    for (const auto& [name, count] :
         {std::pair{"passed", counts.passed}, std::pair{"skipped", counts.skipped}})
        if (report.log.end.is_object()) report.log.end[name] = count;
    return report;
}

std::string CostsInParts::table() const {
    const bool exact = last_.circumstances.lane == svm_icount;
    auto text =
        fmt::format("# {} per firing as the guest saw them, by family:\n"
                    "# {:<29} {:>8} {:>9} {:>9} {:>9} {:>9}\n",
                    exact ? "Instructions" : "Cycles", "trigger", "firings", "min", "median", "mean", "p99");
    std::string family;
    double empty = 0;
    for (const auto& result : results_) {
        const auto& cycles = object_member(result.record, "guest_cycles");
        if (cycles.empty()) continue;
        if (const auto its = result.name.substr(0, result.name.find('.')); its != family)
            text += fmt::format("# {}\n", family = its);
        const auto member = [&](const char* name) { return number_member(cycles, name); };
        text += fmt::format("#   {:<27} {:>8} {:>9.0f} {:>9.0f} {:>9.0f} {:>9.0f}\n", result.name,
                            number_member(result.record, "firings"), member("min"), member("median"),
                            member("mean"), member("p99"));
        empty = number_member(result.record, "empty_cycles");
    }
    return text + fmt::format("# An empty firing costs {:.0f} {}; they are not subtracted.\n", empty,
                              exact ? "instructions" : "cycles");
}

} // namespace exitaudit
