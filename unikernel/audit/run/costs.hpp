// What exits cost by the guest's own clock.
#pragma once

#include "audit/result.hpp"
#include "plan/plan.hpp"

#include <array>
#include <span>

namespace audit {

/// Fires a plan's triggers on the boot vCPU of any host, patched or not, KVM's or another hypervisor's, and
/// measures each. Reads no ledger. What cannot be fired is skipped: a trigger that fails midway, too.
class Costs {
public:
    Costs(const plan::Plan& plan, ledger::Numbering numbering) : plan_(plan), numbering_(numbering) {}

    /// Fires what the plan selects, in order.
    /// \param on_result called after each trigger
    /// \return all results, in order; of their measurements only the costs are filled in
    std::span<const Result> measure(void (*on_result)(std::size_t number, const Result& result));
private:
    void measure(const triggers::Trigger& trigger, std::uint32_t firings, Result& result);
    void fire(const triggers::Trigger& trigger, const triggers::Deviation* deviation, std::uint32_t firings,
              Result& result);
    void mark(bool end) const;

    const plan::Plan& plan_;
    ledger::Numbering numbering_;
    std::size_t number_ = 0; // of the trigger that is being measured
    std::array<Result, plan::Plan::max_audits> results_{};
};

/// For handlers of what nothing expects: if a trigger is being measured, it is skipped for this reason, and
/// the run goes on there. Else it returns.
void abandon_firing(std::string_view why);

}
