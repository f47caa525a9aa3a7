// Costs that were measured in several runs, because a trigger ended or hung the host of each but the last.
#pragma once

#include "exitaudit/audit/audit.hpp"

namespace exitaudit {

// Why a run ended amid a trigger.
std::string ended_by(const AuditReport& part);

class CostsInParts {
public:
    // The next run. Its results follow those before; a trigger that it ended in counts as skipped.
    void add(const AuditReport& part);

    // Did a trigger end a run, so that no guest has a table of all?
    bool was_cut() const { return was_cut_; }

    // The last run's report, with the results and the logs of all. If any trigger was measured, that is its
    // verdict.
    AuditReport report() const;

    // All results, by family, as the guest writes them.
    std::string table() const;
private:
    AuditReport last_;
    std::vector<Result> results_;
    std::string logs_;
    double seconds_ = 0;
    bool was_cut_ = false;
};

} // namespace exitaudit
