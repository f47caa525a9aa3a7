// Runs a plan on its vCPUs.
#pragma once

#include "audit/budget.hpp"
#include "audit/growth.hpp"
#include "audit/result.hpp"
#include "audit/rules/bench.hpp"
#include "plan/plan.hpp"

#include <array>
#include <span>

namespace audit {

/// One run of a plan: fires triggers between two readings of the ledger, and runs the audits of rules.
class Run {
public:
    /// \pre plan.vcpus() vCPUs run: machine::start_processors()
    /// \param cpuid how CPUID is executed
    Run(const plan::Plan& plan, const ledger::Profile& profile, ledger::CpuidFunction cpuid);

    /// What is not read because queries are slow; empty: everything is read.
    console::Text<240> left_out() const;

    /// Counts of all rows and the total as they are now, for the host to compare with its ledger.
    struct Rows {
        ledger::Numbering numbering;
        std::array<std::uint32_t, ledger::exit_number_end> counts{};
        std::uint32_t total = 0;
    };
    Rows rows();

    /// Runs what the plan selects, in order.
    /// \param on_result called after each audit, while nothing is being measured
    /// \return all results, in order
    std::span<const Result> audit(void (*on_result)(std::size_t number, const Result& result));
private:
    struct Row;

    void run_trigger(const triggers::Trigger& trigger, std::uint32_t firings, Result& result);
    Result fire_undisturbed(const triggers::Trigger& trigger, const Crew& crew, std::uint32_t firings);
    void fire_once(const triggers::Trigger& trigger, const triggers::Expectation& expectation,
                   const Crew& crew, std::uint32_t firings, Result& result);
    bool is_disturbed(const Result& result) const;
    Row read_row(ledger::ExitNumber exit, bool at_start);
    std::optional<Measurement::Host> host_figures(ledger::ExitNumber exit, const Row& before,
                                                  const Row& after);
    void run_rule(const plan::RuleAudit& rule, std::size_t index, Result& result);

    const plan::Plan& plan_;
    const ledger::Profile& profile_;
    ledger::Leaves leaves_;
    ledger::MonotonicityCheck monotonicity_;
    Budget budget_;
    Coverage coverage_;
    TotalsOnly totals_only_;
    Crew together_, alone_;
    std::uint32_t seed_;
    std::array<Result, plan::Plan::max_audits> results_{};
};

/// The audit that runs or ran last; empty before the first.
std::string_view running();

}
