// Which audits run, and what one adds to another.
#include "exitaudit/grade/rounds.hpp"

#include "exitaudit/support/json.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace exitaudit::grade {
namespace {

// A round needs this much time.
constexpr auto shortest_round = std::chrono::seconds(25);
constexpr auto longest_glance = std::chrono::seconds(60);

// The other VM fires the first two, too.
const std::vector<std::string> among_others{"cpuid.leaf0", "io.out8", "smp.*"};
const std::vector<std::string> a_few{"cpuid.leaf0", "io.out8", "hlt.timer"};

bool has_verdict(const Audit& audit) { return audit.verdict == "pass" || audit.verdict == "fail"; }

// Which results have more exits in the ledger than the guest caused.
std::set<std::string> surpluses(const Log& log) {
    std::set<std::string> names;
    for (const auto& result : log.results)
        if (result.outcome == Outcome::not_ok &&
            number_member(result.record, "told") > number_member(result.record, "caused"))
            names.insert(result.name);
    return names;
}

// The guest caused exits, and the ledger counted none of them.
bool counts_nothing(const Log& log) {
    const auto caused = [](const Result& result) { return number_member(result.record, "caused") > 0; };
    return std::ranges::any_of(log.results, caused) &&
           std::ranges::none_of(log.results, [&](const Result& result) {
               return caused(result) && number_member(result.record, "told") > 0;
           });
}

double seconds_of(const Audit& audit) { return audit.report.circumstances.seconds.value_or(0); }

std::optional<Finding> about_other_vendor(const Audit& audit) {
    const auto vendor = audit.lane->vendor == Vendor::amd ? "AMD" : "Intel";
    if (audit.verdict == "not-patched")
        return Finding{"vendor-not-patched", fmt::format("{}: not patched: no ledger answers there", vendor)};
    if (has_verdict(audit) && counts_nothing(audit.report.log))
        return Finding{
            "vendor-not-patched",
            fmt::format("{}: not patched: the leaves answer there, but no exit is counted", vendor)};
    if (audit.verdict == "pass" || audit.verdict == "could-not-grade") return std::nullopt;
    const auto& finding = audit.findings.front();
    return Finding{finding.id, fmt::format("{}, which the patch does not change: {}", vendor, finding.text)};
}

} // namespace

void add_news(Audit& audit, const Audit& later) {
    // A run that took long alone may take longer beside another VM.
    const bool hurried = later.verdict == "hangs" && seconds_of(later) < 2 * seconds_of(audit);
    if (later.verdict == "could-not-grade" || hurried) {
        audit.notes.push_back(
            {"not-tried",
             "not tried with 2 vCPUs, nor beside another VM: too little time was left (--timeout)"});
        return;
    }
    std::vector<Finding> news;
    const auto is_known = [&](std::string_view id) {
        return std::ranges::any_of(audit.findings, [&](const Finding& known) { return known.id == id; });
    };
    const auto before = surpluses(audit.report.log), after = surpluses(later.report.log);
    const bool mixes = !std::includes(before.begin(), before.end(), after.begin(), after.end());
    if (mixes && !is_known("host-wide"))
        news.push_back(
            {"host-wide",
             "another VM's exits appear in the guest's ledger: the counters are the host's, not the VM's; "
             "keep them in struct kvm_vcpu or struct kvm"});
    for (const auto& finding : later.findings) {
        // Mixed VMs make other numbers wrong, too.
        const bool certain = !mixes || finding.id == "racing-counters" || finding.id == "shared-query";
        if (certain && !is_known(finding.id))
            news.push_back({finding.id, "with 2 vCPUs, beside another VM: " + finding.text});
    }
    if (news.empty()) return;
    audit.verdict = has_verdict(later) ? "fail" : later.verdict;
    audit.findings.insert(audit.findings.end(), news.begin(), news.end());
}

Rounds::Outcome Rounds::run(const std::vector<const Lane*>& lanes, const Lane* other) const {
    stage("auditing");
    std::vector<AuditOrder> orders;
    for (const auto* lane : lanes) orders.push_back({lane, spec});
    if (other) orders.push_back({other, spec});
    for (auto& order : orders) order.spec.timeout = std::max(left(), shortest_round);
    if (other) {
        auto& few = orders.back().spec;
        few.plan = a_few;
        few.vcpus = 1;
        few.timeout = std::min<std::chrono::seconds>(few.timeout, longest_glance);
    }
    Outcome outcome{run_audits(orders, places, directory, tick), std::nullopt};
    if (other) {
        outcome.other = about_other_vendor(outcome.audits.back());
        outcome.audits.pop_back();
    }
    if (spec.plan.empty()) again(outcome.audits);
    return outcome;
}

void Rounds::again(std::vector<Audit>& audits) const {
    std::vector<AuditOrder> orders;
    auto beside = spec;
    beside.plan = among_others;
    beside.vcpus = 2;
    beside.noise = true;
    beside.timeout = left();
    for (auto& audit : audits) {
        if (!has_verdict(audit)) continue;
        if (beside.timeout >= shortest_round)
            orders.push_back({audit.lane, beside});
        else
            audit.notes.push_back(
                {"not-tried", "not tried with 2 vCPUs, nor beside another VM: no time was left (--timeout)"});
    }
    if (orders.empty()) return;
    stage("auditing with 2 vCPUs, beside another VM");
    for (const auto& later : run_audits(orders, places, directory, tick))
        for (auto& audit : audits)
            if (audit.lane == later.lane) add_news(audit, later);
}

} // namespace exitaudit::grade
