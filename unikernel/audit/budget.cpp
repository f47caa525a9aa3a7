// How many queries a run makes.
#include "audit/budget.hpp"

#include <algorithm>

namespace audit {

Budget Budget::within(std::uint64_t query, std::uint64_t allowed, std::uint64_t triggers,
                      const ledger::Profile& profile) {
    // Queries of all audits of rules, most of them the sweep's: in full, and cut short.
    constexpr std::uint64_t thorough_rules = 60'000, brief_rules = 3'000;
    constexpr std::uint64_t row_queries = 10;
    const auto rows = profile.rows();
    const auto all = static_cast<std::uint64_t>(std::ranges::count(rows, true));
    const auto of_triggers = [&](std::uint64_t read) { return triggers * (2 * read + row_queries); };
    const auto fits = [&](std::uint64_t queries) {
        return queries <= allowed / std::max<std::uint64_t>(1, query);
    };
    if (fits(thorough_rules + of_triggers(all))) return {};
    return {false, fits(brief_rules + of_triggers(all))};
}

}
