// One likely cause of a run's failures.
#pragma once

#include "console/format.hpp"
#include "plan/plan.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace diagnosis {

/// The most results that a run can have: the plan's audits, and the host's.
inline constexpr std::size_t max_results = plan::Plan::max_audits + 16;

/// The most rows in which the host's tracepoint and the ledger can differ and be explained.
inline constexpr std::size_t max_differences = 128;

/// What can be wrong with a result, a bit each. Several causes may share in one failure: it is explained if
/// all of it is.
enum Aspect : std::uint8_t {
    own_row = 1 << 0,      ///< the trigger's own row grew otherwise than it may
    first_stray = 1 << 1,  ///< so did this row, and the next ones, of Measurement::strays()
    other_aspect = 1 << 7, ///< anything else: answers, time, exceptions
};

struct Finding {
    std::string_view id;     ///< the cause's name
    std::string_view or_id;  ///< of the cause that these results cannot tell it from, if there is one
    console::Text<720> text; ///< a sentence that a person can act on, with its evidence

    /// Of each result, by its index: what of it the cause explains (Aspect).
    std::array<std::uint8_t, max_results> explains{};

    /// Of the rows in which the host's tracepoint differs from the ledger: which.
    std::array<bool, max_differences> explains_difference{};

    bool explains_any(std::size_t result) const { return explains[result] != 0; }

    /// While it is being found: replaces the table's clauses where the evidence says more.
    std::string_view what{}, remedy{};
};

}
