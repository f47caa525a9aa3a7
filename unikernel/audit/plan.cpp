// Reading a plan: which audits it names.
#include "audit/plan.hpp"

#include "audit/audits.hpp"
#include "audit/near_match.hpp"
#include "audit/plan_words.hpp"

#include <algorithm>

namespace audit {

std::optional<PlanError> Plan::read_item(std::string_view word)
{
    const auto colon = word.find(':');
    const auto name = word.substr(0, colon);
    std::uint32_t count = 0;
    if (colon != word.npos) {
        constexpr std::string_view key = "count=";
        const auto suffix = word.substr(colon + 1);
        const auto given = suffix.starts_with(key) ? parse_count(suffix.substr(key.size())) : std::nullopt;
        if (!given)
            return suffix.starts_with(key) ? bad_count(word) : PlanError("'{}': after ':' only count=N is known", word);
        count = *given;
    }

    bool found = false, counts = false;
    for_each_audit([&](std::size_t index, std::string_view audit, const triggers::Trigger* trigger, const RuleAudit* rule) {
        const bool one_shot = trigger && trigger->one_shot;
        if (one_shot ? name != audit : !matches(name == "all" ? "*" : name, audit))
            return;
        found = true;
        counts = counts || (trigger ? !one_shot : rule->count != 0);
        if (one_shot)
            one_shot_ = trigger;
        items_[index].selected = true;
        if (count)
            items_[index].count = count;
    });
    if (!found)
        return unknown_word(word);
    if (count && !counts)
        return PlanError("'{}': {} {}", word, name, one_shot_ ? "is fired once" : "has nothing to count");
    return {};
}

std::optional<PlanError> Plan::parse(std::string_view words, Plan& plan)
{
    plan = Plan();
    for (auto rest = words; const auto word = next_word(rest, " \t\n");) {
        const bool option = word->find('=') < word->find(':');
        if (const auto error = option ? plan.read_option(*word) : plan.read_item(*word)) {
            plan = Plan();
            return error;
        }
    }
    if (plan.size() == 0)
        return plan.read_item("all");
    if (!plan.one_shot_ || plan.size() == 1)
        return {};
    const auto name = plan.one_shot_->name;
    plan = Plan();
    return PlanError("{} ends the guest: a plan that names it names nothing else", name);
}

std::size_t Plan::size() const
{
    return static_cast<std::size_t>(std::ranges::count(items_, true, &Item::selected));
}

std::uint32_t Plan::count(std::size_t index, std::uint32_t fallback) const
{
    if (items_[index].count)
        return items_[index].count;
    return default_count_ ? default_count_ : fallback;
}

}
