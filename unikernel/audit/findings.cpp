// Asking every recogniser, and putting their findings in order.
#include "audit/findings.hpp"

#include "audit/evidence.hpp"

namespace audit {
namespace {

std::size_t explained_by(const Finding& finding)
{
    return static_cast<std::size_t>(std::ranges::count(finding.explains, true));
}

// "…: io.out8: expected ledger +200, seen +0; 12 more"
void quote_evidence(Finding& finding, std::span<const Result> results)
{
    const auto first =
        static_cast<std::size_t>(std::ranges::find(finding.explains, true) - finding.explains.begin());
    if (first >= results.size())
        return;
    finding.text.format(" ({}: {}", results[first].name, results[first].message.view());
    if (const auto others = explained_by(finding) - 1; others != 0)
        finding.text.format("; and {} more", others);
    finding.text.write(")");
}

}

Finding& Findings::add(std::string_view id, std::string_view or_id)
{
    auto& finding = findings_[std::min(size_, max_findings - 1)];
    size_ = std::min(size_ + 1, max_findings);
    finding = Finding{id, or_id, {}, {}};
    return finding;
}

bool Findings::has(std::string_view id) const
{
    return std::ranges::find(all(), id, &Finding::id) != all().end();
}

bool Findings::explained(std::size_t result) const
{
    return std::ranges::any_of(all(), [&](const Finding& finding) { return finding.explains[result]; });
}

std::size_t Findings::unexplained(std::span<const Result> results) const
{
    std::size_t count = 0;
    for (std::size_t i = 0; i < results.size(); i++)
        count += Evidence::failed(results[i]) && !explained(i);
    return count;
}

void Findings::find(std::span<const Result> results, const ledger::Probe& probe, unsigned vcpus)
{
    size_ = 0;
    const Evidence evidence{results, probe, vcpus};
    if (probe.layout != probe.detected) {
        // Everything that was read is then something else.
        auto& finding = add("wrong-layout");
        finding.text.format("the leaves are read by layout {}, as the plan's layout= says, but they answer "
                            "as layout {}'s do: leave "
                            "layout= out, or tell the one named here",
                            probe.layout->name, probe.detected->name);
        evidence.explain(finding, [](const Result&) { return true; });
    } else {
        for (const auto recognisers : {answer_recognisers(), step_recognisers(), count_recognisers(),
                                       loss_recognisers(), late_answer_recognisers(), time_recognisers()})
            for (const auto recognise : recognisers)
                recognise(evidence, *this);
    }
    // What explains no failure is no finding.
    const auto idle = std::ranges::remove_if(findings_.begin(), findings_.begin() + size_,
                                             [](const Finding& f) { return explained_by(f) == 0; });
    size_ -= idle.size();
    for (std::size_t i = 0; i < size_; i++)
        quote_evidence(findings_[i], results);
    // Insertion, which keeps the order of equals: there are few.
    for (std::size_t i = 1; i < size_; i++)
        for (std::size_t j = i; j > 0 && explained_by(findings_[j - 1]) < explained_by(findings_[j]); j--)
            std::swap(findings_[j - 1], findings_[j]);
}

}
