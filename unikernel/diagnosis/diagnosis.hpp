// From many failed audits to the few causes behind them.
#pragma once

#include "diagnosis/causes.hpp"
#include "diagnosis/observations.hpp"

namespace diagnosis {

/// The causes of one run's failures, each once, those that explain most of them first; and notes.
class Diagnosis {
public:
    static constexpr std::size_t max_findings = 24;

    /// Looks for every cause, in the order of their ranks. A cause must have evidence of its own: failures
    /// that a cause which outranks it explains do not count.
    void find(const Observations& observations);

    std::span<const Finding> findings() const { return std::span(found_).first(findings_); }
    std::span<const Finding> notes() const { return std::span(found_).subspan(findings_, size_ - findings_); }

    /// Do the findings, each its part, explain all that is wrong with this result?
    bool explains(const audit::Result& result, std::size_t index) const;

    /// Do they explain all rows in which the host's tracepoint differs?
    bool explains_differences(const HostObservations& host) const;
private:
    std::array<Finding, max_findings> found_{};
    std::size_t findings_ = 0, size_ = 0;
};

}
