// From many failed audits to the few causes behind them.
#pragma once

#include "audit/plan.hpp"
#include "audit/result.hpp"
#include "ledger/probe.hpp"

#include <array>
#include <cstddef>
#include <optional>
#include <span>
#include <string_view>

namespace audit {

/// One likely cause.
struct Finding {
    std::string_view id;     ///< for programs, like "lost-fastpath"; stable once released
    std::string_view or_id;  ///< of the cause that these results cannot tell it from, if there is one
    console::Text<640> text; ///< a sentence that a person can act on, with its evidence
    std::array<bool, Plan::max_audits> explains; ///< which of the results, by their index
};

/// The causes of one run's failures, each once, those that explain most of them first.
class Findings {
public:
    static constexpr std::size_t max_findings = 20;

    /// \param results of a run, in its order
    /// \param vcpus   how many fired
    void find(std::span<const Result> results, const ledger::Probe& probe, unsigned vcpus);

    std::span<const Finding> all() const { return std::span(findings_).first(size_); }
    bool has(std::string_view id) const;

    /// Has a finding explained this result?
    bool explained(std::size_t result) const;

    /// How many failures none of them explains.
    std::size_t unexplained(std::span<const Result> results) const;

    /// For recognisers: one finding more, which they fill in.
    Finding& add(std::string_view id, std::string_view or_id = {});

private:
    std::array<Finding, max_findings> findings_{};
    std::size_t size_ = 0;
};

/// A host whose time of an exit means something else, which is no failure: says what.
std::optional<Finding> note_definition(std::span<const Result> results);

}
