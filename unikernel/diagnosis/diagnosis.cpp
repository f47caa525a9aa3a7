// Asking for every cause, and putting what was found in order.
#include "diagnosis/diagnosis.hpp"

#include "diagnosis/evidence.hpp"

namespace diagnosis {
namespace {

bool is_explained(std::uint8_t aspects) { return aspects != 0; }

std::size_t explained_by(const Finding& finding) {
    return static_cast<std::size_t>(std::ranges::count_if(finding.explains, is_explained));
}

// "DETAILS: WHAT; REMEDY (io.out8: expected ledger +200, seen +0; and 12 more)"
void write_text(const Cause& cause, std::span<const audit::Result> results, Finding& finding) {
    const auto details = finding.text;
    finding.text.clear();
    const auto what = finding.what.empty() ? cause.what : finding.what;
    const auto remedy = finding.remedy.empty() ? cause.remedy : finding.remedy;
    finding.text.format("{}{}{}{}{}", details.view(), details.empty() ? "" : ": ", what,
                        remedy.empty() ? "" : "; ", remedy);
    const auto first = static_cast<std::size_t>(std::ranges::find_if(finding.explains, is_explained) -
                                                finding.explains.begin());
    if (first >= results.size()) return;
    finding.text.format(" ({}: {}", results[first].name, results[first].message.view());
    if (const auto others = explained_by(finding) - 1; others != 0)
        finding.text.format("; and {} more", others);
    finding.text.write(")");
}

}

bool Diagnosis::explains(const audit::Result& result, std::size_t index) const {
    auto left = Evidence::aspects(result);
    for (const auto& finding : findings()) left &= ~unsigned{finding.explains[index]};
    return left == 0;
}

bool Diagnosis::explains_differences(const HostObservations& host) const {
    for (std::size_t i = 0; i < std::min(host.differences.size(), max_differences); i++)
        if (std::ranges::none_of(findings(),
                                 [&](const Finding& finding) { return finding.explains_difference[i]; }))
            return false;
    return true;
}

void Diagnosis::find(const Observations& observations) {
    const auto before = [](const Finding& a, const Finding& b) { return explained_by(a) > explained_by(b); };
    size_ = findings_ = 0;
    std::array<CauseId, max_findings> found{};
    const bool acquitted = observations.host && observations.host->tracepoint_agrees;
    const auto look = [&](const Cause& cause) {
        if (acquitted && cause.kind == Kind::counts) return;
        Evidence evidence(observations);
        for (std::size_t i = 0; i < size_; i++)
            if (outranks(diagnosis::cause(found[i]), cause)) evidence.leave_out(found_[i]);
        auto& finding = found_[size_];
        finding = Finding{cause.name, {}, {}, {}};
        if (size_ + 1 == max_findings || !cause.find(evidence, finding)) return;
        write_text(cause, observations.results, finding);
        found[size_++] = cause.id;
    };
    for (const auto id : ranking())
        if (cause(id).kind != Kind::note) look(cause(id));
    findings_ = size_;
    // Insertion, which keeps the order of equals: there are few.
    for (std::size_t i = 1; i < findings_; i++)
        for (std::size_t j = i; j > 0 && before(found_[j], found_[j - 1]); j--)
            std::swap(found_[j - 1], found_[j]);
    for (const auto& cause : causes())
        if (cause.kind == Kind::note) look(cause);
}

}
