// Reading a plan: which audits it names.
#include "plan/plan.hpp"

#include "plan/audits.hpp"
#include "plan/near_match.hpp"
#include "plan/words.hpp"

#include <algorithm>

namespace plan {

namespace {

// "count=N" or "seconds=S".
std::optional<PlanError> read_amount(std::string_view word, std::string_view text, std::uint32_t& count,
                                     std::uint32_t& seconds) {
    constexpr std::string_view count_key = "count=", seconds_key = "seconds=";
    if (text.starts_with(count_key)) return read_count(word, text.substr(count_key.size()), count);
    if (text.starts_with(seconds_key)) return read_seconds(word, text.substr(seconds_key.size()), seconds);
    return PlanError("'{}': after ':' only count=N and seconds=S are known", word);
}

}

std::optional<PlanError> Plan::read_item(std::string_view word) {
    if (word == costs_word) {
        costs_ = true;
        return {};
    }
    const auto colon = word.find(':');
    const auto name = word.substr(0, colon);
    std::uint32_t count = 0, seconds = 0;
    if (colon != word.npos)
        if (const auto error = read_amount(word, word.substr(colon + 1), count, seconds)) return error;

    bool found = false, counts = false, lasts = false;
    for_each_audit([&](std::size_t index, std::string_view audit, const triggers::Trigger* trigger,
                       const RuleAudit* rule) {
        const bool one_shot = trigger && trigger->one_shot;
        if (one_shot ? name != audit : !matches(name == "all" ? "*" : name, audit)) return;
        found = true;
        counts = counts || (trigger ? !one_shot : rule->count != 0);
        const bool may_last = rule && rule->may_last;
        lasts = lasts || may_last;
        if (one_shot) one_shot_ = trigger;
        items_[index].selected = true;
        if (count) {
            items_[index].count = count;
            items_[index].seconds = 0;
        }
        if (seconds && may_last) items_[index].seconds = seconds;
    });
    if (!found) return unknown_word(word);
    if (count && !counts)
        return PlanError("'{}': {} {}", word, name, one_shot_ ? "is fired once" : "has nothing to count");
    if (seconds && !lasts) return PlanError("'{}': {} is counted, it has no seconds", word, name);
    return {};
}

std::optional<PlanError> Plan::keep_triggers() {
    if (one_shot_) return PlanError("{} ends the guest: its cost cannot be measured", one_shot_->name);
    if (vcpus_ != 1) return PlanError("costs are measured on one vCPU, not on {}", vcpus_);
    for_each_audit([&](std::size_t index, std::string_view, auto, const RuleAudit* rule) {
        if (rule) items_[index] = {};
    });
    return size() ? std::nullopt : std::optional(PlanError("costs are of triggers, and the plan names none"));
}

std::optional<PlanError> Plan::keep_later() {
    std::fill_n(items_.begin(), first_, Item());
    return size() ? std::nullopt : std::optional(PlanError("after= leaves nothing of the plan"));
}

std::optional<PlanError> Plan::check() {
    if (costs_)
        if (const auto error = keep_triggers()) return error;
    if (one_shot_ && size() != 1)
        return PlanError("{} ends the guest: a plan that names it names nothing else", one_shot_->name);
    return keep_later();
}

std::optional<PlanError> Plan::parse(std::string_view words, Plan& plan) {
    plan = Plan();
    for (auto rest = words; const auto word = next_word(rest, " \t\n");) {
        const bool option = word->find('=') < word->find(':');
        if (const auto error = option ? plan.read_option(*word) : plan.read_item(*word)) {
            plan = Plan();
            return error;
        }
    }
    if (plan.size() == 0) plan.read_item("all");
    if (const auto error = plan.check()) {
        plan = Plan();
        return error;
    }
    return {};
}

std::size_t Plan::size() const {
    return static_cast<std::size_t>(std::ranges::count(items_, true, &Item::selected));
}

std::uint32_t Plan::count(std::size_t index, std::uint32_t fallback) const {
    if (items_[index].count) return items_[index].count;
    return default_count_ ? default_count_ : fallback;
}

}
