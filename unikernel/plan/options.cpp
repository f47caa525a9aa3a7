// The plan's options: words with '='.
#include "plan/plan.hpp"

#include "plan/audits.hpp"
#include "plan/near_match.hpp"
#include "plan/words.hpp"

#include <algorithm>
#include <limits>

namespace plan {
namespace {

using triggers::Emulator;
using triggers::Paging;

template <typename Value> struct Named {
    std::string_view name;
    Value value;
};
constexpr Named<Form> form_names[] = {{"ktap", Form::ktap}, {"table", Form::table}, {"json", Form::json}};
constexpr Named<Console> console_names[] = {
    {"serial", Console::serial}, {"virtio", Console::virtio}, {"debug", Console::debug}};
constexpr Named<Emulator> emulator_names[] = {
    {"none", Emulator::none}, {"qemu", Emulator::qemu}, {"bochs", Emulator::bochs}};
constexpr Named<machine::ApicMode> apic_modes[] = {{"xapic", machine::ApicMode::xapic},
                                                   {"x2apic", machine::ApicMode::x2apic}};
constexpr Named<Paging> paging_names[] = {{"nested", Paging::nested}, {"shadow", Paging::shadow}};
constexpr Named<bool> yes_or_no[] = {{"no", false}, {"yes", true}};

// The value of that name, if there is one.
template <typename Value, std::size_t Size>
std::optional<Value> find_named(const Named<Value> (&names)[Size], std::string_view name) {
    const auto* const known = std::ranges::find(names, name, &Named<Value>::name);
    return known == std::end(names) ? std::nullopt : std::optional(known->value);
}

// Reads the value of that name into `target`; else returns the error, which the pattern formats.
template <typename Value, std::size_t Size>
std::optional<PlanError> read_named(const Named<Value> (&names)[Size], std::string_view word,
                                    std::string_view value, Value& target, std::string_view pattern) {
    const auto found = find_named(names, value);
    if (!found) return PlanError(pattern, word);
    target = *found;
    return {};
}

// Up to three names nearest to the word.
class NearMatches {
public:
    explicit NearMatches(std::string_view word) : word_(word) {}

    void offer(std::string_view name) {
        const auto family = word_.substr(0, word_.find('.'));
        const bool same_family = word_.find('.') != word_.npos && name.substr(0, name.find('.')) == family;
        const auto distance = edit_distance(word_, name);
        if (!same_family && distance > 1 + word_.size() / 4) return;
        auto* const place =
            std::find_if(found_.begin(), found_.end(), [&](const Match& m) { return distance < m.distance; });
        if (place == found_.end()) return;
        std::move_backward(place, found_.end() - 1, found_.end());
        *place = {name, distance};
    }

    void write(console::Sink& sink) const {
        std::string_view separator = "; did you mean ";
        for (const auto& match : found_) {
            if (match.name.empty()) break;
            sink.format("{}{}", separator, match.name);
            separator = ", ";
        }
        if (found_[0].name.empty())
            sink.write(
                "; words are names such as io.out8, globs such as io.*, 'all', or options such as count=N");
    }
private:
    struct Match {
        std::string_view name;
        std::size_t distance = ~std::size_t{0};
    };

    std::string_view word_;
    std::array<Match, 3> found_{};
};

}

struct Plan::Option {
    std::string_view key; ///< with its '='
    std::optional<PlanError> (Plan::*read)(std::string_view word, std::string_view value);
};

constinit const Plan::Option Plan::options_[] = {
    {"count=", &Plan::read_count},  {"after=", &Plan::read_after},       {"repeat=", &Plan::read_repeats},
    {"format=", &Plan::read_forms}, {"emulator=", &Plan::read_emulator}, {"paging=", &Plan::read_paging},
    {"noise=", &Plan::read_noise},  {"layout=", &Plan::read_layout},     {"sdm=", &Plan::read_edition},
    {"seed=", &Plan::read_seed},    {"budget=", &Plan::read_budget},     {"vcpus=", &Plan::read_vcpus},
    {"apic=", &Plan::read_apic},    {"console=", &Plan::read_console},   {"marks=", &Plan::read_marks},
};

PlanError Plan::unknown_word(std::string_view word) {
    // Without an item's count or an option's value.
    const auto end = word.find_first_of(":=");
    NearMatches near(word.substr(0, end == word.npos || word[end] == ':' ? end : end + 1));
    for_each_audit([&](std::size_t, std::string_view name, auto, auto) { near.offer(name); });
    for (const auto& option : options_) near.offer(option.key);
    near.offer(costs_word);
    PlanError error("unknown plan word '{}'", word);
    near.write(error);
    return error;
}

std::optional<PlanError> Plan::read_option(std::string_view word) {
    for (const auto& option : options_)
        if (word.starts_with(option.key)) return (this->*option.read)(word, word.substr(option.key.size()));
    return unknown_word(word);
}

std::optional<PlanError> Plan::read_count(std::string_view word, std::string_view value) {
    return plan::read_count(word, value, default_count_);
}

std::optional<PlanError> Plan::read_after(std::string_view, std::string_view value) {
    first_ = 0;
    for_each_audit([&](std::size_t index, std::string_view name, auto, auto) {
        if (name == value) first_ = index + 1;
    });
    return first_ ? std::nullopt : std::optional(unknown_word(value));
}

std::optional<PlanError> Plan::read_repeats(std::string_view word, std::string_view value) {
    return read_number(word, value, 1, max_repeats, repeats_,
                       "'{}': a trigger is repeated from {} to {} times");
}

std::optional<PlanError> Plan::read_forms(std::string_view word, std::string_view value) {
    unsigned forms = 0;
    for (auto rest = value; const auto name = next_word(rest, ",");) {
        const auto form = find_named(form_names, *name);
        if (!form) return PlanError("'{}': forms are ktap, table and json, separated by commas", word);
        forms |= static_cast<unsigned>(*form);
    }
    if (forms == 0) return PlanError("'format=' needs at least one of ktap, table and json");
    forms_ = forms;
    return {};
}

std::optional<PlanError> Plan::read_emulator(std::string_view word, std::string_view value) {
    constexpr std::string_view pattern =
        "'{}': emulators are none, qemu and bochs, with a version if it is known, as qemu:7.2";
    const auto colon = value.find(':');
    circumstances_.version = {};
    if (auto error =
            read_named(emulator_names, word, value.substr(0, colon), circumstances_.emulator, pattern))
        return error;
    if (colon == value.npos) return {};
    const auto version = parse_version(value.substr(colon + 1));
    if (!version || circumstances_.emulator == Emulator::none) return PlanError(pattern, word);
    circumstances_.version = *version;
    return {};
}

std::optional<PlanError> Plan::read_paging(std::string_view word, std::string_view value) {
    return read_named(paging_names, word, value, circumstances_.paging,
                      "'{}': paging is nested (EPT, NPT) or shadow");
}

std::optional<PlanError> Plan::read_noise(std::string_view word, std::string_view value) {
    return read_named(yes_or_no, word, value, circumstances_.noise,
                      "'{}': noise is yes (another VM is busy beside this one) or no");
}

std::optional<PlanError> Plan::read_marks(std::string_view word, std::string_view value) {
    return read_named(yes_or_no, word, value, marks_,
                      "'{}': marks is yes (QEMU stops the guest around firings) or no");
}

std::optional<PlanError> Plan::read_layout(std::string_view word, std::string_view value) {
    overrides_.layout = ledger::find_layout(value);
    if (!overrides_.layout) return PlanError("'{}': layouts are F22, F21 or S20, and S21 or F20", word);
    return {};
}

std::optional<PlanError> Plan::read_edition(std::string_view word, std::string_view value) {
    using ledger::Edition;
    return read_number(
        word, value, Edition::earliest, Edition::current, overrides_.last_defined,
        "'{}': the last exit reason that the host's edition of Intel's manual defines, {} to {}");
}

std::optional<PlanError> Plan::read_budget(std::string_view word, std::string_view value) {
    return read_seconds(word, value, budget_);
}

std::optional<PlanError> Plan::read_seed(std::string_view word, std::string_view value) {
    constexpr auto most = std::numeric_limits<std::uint32_t>::max();
    return read_number(word, value, 0, most, seed_, "'{}': a seed is a whole number from {} to {}");
}

std::optional<PlanError> Plan::read_apic(std::string_view word, std::string_view value) {
    return read_named(apic_modes, word, value, apic_, "'{}': a local APIC's mode is xapic or x2apic");
}

std::optional<PlanError> Plan::read_console(std::string_view word, std::string_view value) {
    return read_named(console_names, word, value, console_, "'{}': the log goes to serial, virtio or debug");
}

std::optional<PlanError> Plan::read_vcpus(std::string_view word, std::string_view value) {
    return read_number(word, value, 1, machine::max_processors, vcpus_,
                       "'{}': vCPUs that fire are a whole number from {} to {}");
}

}
