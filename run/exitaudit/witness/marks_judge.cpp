// Judges what the host's instruments counted between marks.
#include "exitaudit/witness/marks.hpp"

#include "audit/exceptions.hpp"
#include "audit/untried.hpp"
#include "exitaudit/support/json.hpp"
#include "plan/plan.hpp"
#include "triggers/catalogue.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace exitaudit {
namespace {

using ledger::ExitNumber;
using ledger::Numbering;
using Growths = Marks::Counts;
using Statistics = Marks::Statistics;

struct Firing {
    const triggers::Trigger* trigger;
    const triggers::Expectation* expectation;
    std::uint64_t firings;
};

std::optional<Firing> firing_of(const Result& result, Numbering numbering) {
    std::optional<Firing> firing;
    triggers::for_each_trigger([&](const triggers::Trigger& trigger) {
        if (trigger.name != result.name) return;
        const auto deviation = static_cast<std::size_t>(number_member(result.record, "deviation"));
        firing = {&trigger,
                  deviation != 0 && deviation <= trigger.deviations.size()
                      ? &trigger.deviations[deviation - 1].instead
                      : &trigger.expectation(numbering),
                  static_cast<std::uint64_t>(number_member(result.record, "firings"))};
    });
    return firing;
}

// Exits of a nested guest that KVM passes on, whose number the catalogue leaves open: the ledger has no row
// for them.
void leave_out_unhandled(const Firing& firing, const Growths& trace, ledger::Rows& rows) {
    const auto& expected = *firing.expectation;
    for (const auto& [exit, count] : trace)
        if (expected.totals_only != 0 && count == firing.firings * expected.totals_only &&
            exit != expected.exit &&
            std::ranges::find(expected.also, exit, &triggers::Row::exit) == expected.also.end())
            rows[exit] = false;
}

// As the guest judges a ledger. `waited`: how many exits would have fitted into the time of the firings.
audit::Result judge_trace(const Firing& firing, const Growths& trace, const Result& of_guest,
                          const plan::Plan& plan, Numbering numbering, std::uint64_t waited) {
    audit::Coverage coverage(numbering);
    coverage.total = false;
    leave_out_unhandled(firing, trace, coverage.rows);
    std::array<std::uint32_t, ledger::exit_number_end> counts{};
    for (const auto& [exit, count] : trace)
        if (exit < counts.size()) counts[exit] = static_cast<std::uint32_t>(count);
    machine::ExceptionCounts raised{};
    for (unsigned vector = 0; vector < raised.size(); ++vector)
        raised[vector] = static_cast<std::uint32_t>(
            number_member(object_member(of_guest.record, "raised"), audit::exception_name(vector)));
    const audit::Fired fired{firing.firings, 1, waited};
    const ledger::Snapshot before(numbering, {}), after(numbering, counts);
    const audit::Seen seen{coverage, fired, before, after, raised};
    audit::Result result;
    audit::judge(*firing.expectation, seen, result);
    audit::excuse_untried(*firing.trigger, plan.circumstances(), seen, result);
    // The guest fires again where it sees this.
    const auto& m = *result.measurement;
    if (result.outcome == audit::Outcome::not_ok && audit::is_noise(numbering, m.exit) &&
        m.counted > static_cast<std::int64_t>(m.caused))
        result.skip("the host causes such exits by itself, too");
    if (result.outcome == audit::Outcome::not_ok && m.counted == 0 && firing.trigger->excuse)
        result.skip("this vCPU may not take this exit"); // only the guest knows why
    return result;
}

// "expected ledger +200, seen +199": here it is not the ledger's.
std::string of_tracepoint(std::string_view message) {
    constexpr std::string_view ledger = "expected ledger ";
    return message.starts_with(ledger) ? fmt::format("expected kvm_exit {}", message.substr(ledger.size()))
                                       : std::string(message);
}

// One instrument's result over all triggers.
class Tally {
public:
    Tally(std::string name, bool svm) { result_.name = std::move(name), result_.svm = svm; }

    void agrees(std::uint64_t exits) { ++judged_, exits_ += exits; }
    void leaves_out(const std::string& trigger, std::string_view why) {
        not_judged_ += fmt::format("{}{}: {}", not_judged_.empty() ? "; not judged: " : "; ", trigger, why);
    }
    void differs(std::string row, bool omits_fastpath) {
        ++judged_;
        result_.table.push_back(std::move(row));
        all_omit_fastpath_ &= omits_fastpath;
    }

    HostResult result(std::string_view what, std::string_view standard) {
        const auto wrong = result_.table.size();
        result_.outcome = wrong ? Outcome::not_ok : judged_ ? Outcome::ok : Outcome::skip;
        result_.message =
            (wrong     ? fmt::format("{} differs from {} at {} of {}{}", what, standard, wrong, triggers(),
                                 all_omit_fastpath_
                                         ? ": it omits exits after which KVM's fastpath re-enters the guest "
                                           "(KVM before 6.4)"
                                         : "")
             : exits_  ? fmt::format("{} agrees with {} at {}, {} exits", what, standard, triggers(), exits_)
             : judged_ ? fmt::format("{} counts nothing at {}, of which none causes what it counts", what,
                                     triggers())
                       : "no trigger was fired between marks") +
            not_judged_;
        return result_;
    }
private:
    std::string triggers() const { return fmt::format("{} trigger{}", judged_, judged_ == 1 ? "" : "s"); }

    HostResult result_;
    std::string not_judged_;
    std::size_t judged_ = 0;
    std::uint64_t exits_ = 0;
    bool all_omit_fastpath_ = true;
};

// The shortest median of all triggers: that of one exit, or of none.
double quickest(const Log& log) {
    auto least = 0.0;
    for (const auto& result : log.results)
        if (const auto median = number_member(object_member(result.record, "guest_cycles"), "median");
            median > 0)
            least = least > 0 ? std::min(least, median) : median;
    return std::max(least, 1.0);
}

class MarksJudge {
public:
    explicit MarksJudge(const Log& log)
        : svm_(text_member(log.run, "numbering") == ledger::numbering_name(Numbering::svm)),
          quickest_(quickest(log)), tracepoint_("host.tracepoint", svm_) {
        plan::Plan::parse(text_member(log.run, "plan"), plan_); // the guest has taken it
        for (const auto& statistic : marked_statistics)
            statistics_.emplace_back(fmt::format("host.stats.{}", statistic.name), svm_);
    }

    // With what grew between the marks of its firings.
    void trigger(Result& result, Growths trace, Statistics grown) {
        const auto firing = firing_of(result, numbering());
        if (!firing) return;
        // The mark at the end is an exit, too.
        const auto io = *number_of(io_exits);
        if (--trace[io] == 0) trace.erase(io);
        for (const auto* name : {"exits", "io_exits"})
            if (grown.contains(name)) --grown[name];
        std::uint64_t total = 0;
        auto& instruments =
            result.record["instruments"] = {{"kvm_exit", nlohmann::json::array()}, {"statistics", grown}};
        for (const auto& [exit, count] : trace) {
            total += count;
            instruments["kvm_exit"].push_back({exit, count});
        }
        judge_tracepoint(*firing, result, trace, total);
        for (std::size_t i = 0; i < marked_statistics.size(); ++i)
            judge_statistic(i, *firing, trace, total, grown);
    }

    std::vector<HostResult> results() {
        std::vector<HostResult> results{tracepoint_.result("kvm_exit", "the catalogue")};
        for (std::size_t i = 0; i < marked_statistics.size(); ++i)
            if (const auto& statistic = marked_statistics[i]; statistic.all || number_of(statistic))
                results.push_back(
                    statistics_[i].result(fmt::format("KVM's statistic {}", statistic.name), "kvm_exit"));
        return results;
    }
private:
    Numbering numbering() const { return svm_ ? Numbering::svm : Numbering::vmx; }
    std::optional<ExitNumber> number_of(const MarkedStatistic& statistic) const {
        return svm_ ? statistic.svm : statistic.vmx;
    }

    void judge_tracepoint(const Firing& firing, const Result& result, const Growths& trace,
                          std::uint64_t total) {
        const auto time = static_cast<double>(firing.firings) *
                          number_member(object_member(result.record, "guest_cycles"), "mean");
        const auto judged = judge_trace(firing, trace, result, plan_, numbering(),
                                        static_cast<std::uint64_t>(time / quickest_));
        if (judged.outcome == audit::Outcome::ok) tracepoint_.agrees(total);
        if (judged.outcome == audit::Outcome::skip)
            tracepoint_.leaves_out(result.name, judged.message.view());
        if (judged.outcome == audit::Outcome::not_ok)
            tracepoint_.differs(fmt::format("{:<29} {}", result.name, of_tracepoint(judged.message.view())),
                                false);
    }

    void judge_statistic(std::size_t index, const Firing& firing, const Growths& trace, std::uint64_t total,
                         const Statistics& grown) {
        const auto& statistic = marked_statistics[index];
        const auto exit = number_of(statistic);
        const auto found = grown.find(statistic.name);
        if (found == grown.end() || (!statistic.all && !exit)) return;
        const auto of_exit = exit ? trace.find(*exit) : trace.end();
        const auto traced = statistic.all ? total : of_exit == trace.end() ? 0 : of_exit->second;
        if (found->second == traced) return statistics_[index].agrees(traced);
        statistics_[index].differs(fmt::format("{:<29} kvm_exit +{}, {} {:+}", firing.trigger->name, traced,
                                               statistic.name, static_cast<std::int64_t>(found->second)),
                                   firing.expectation->fastpath && found->second < traced);
    }

    plan::Plan plan_;
    bool svm_;
    double quickest_;
    Tally tracepoint_;
    std::vector<Tally> statistics_;
};

} // namespace

std::vector<HostResult> Marks::judge(Log& log) const {
    MarksJudge judge(log);
    for (auto& result : log.results)
        if (const auto found = seen_.find(result.number); found != seen_.end())
            judge.trigger(result, found->second.trace, found->second.statistics);
    return judge.results();
}

} // namespace exitaudit
