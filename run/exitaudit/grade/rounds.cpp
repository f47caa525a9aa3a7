// Which runs, and what one adds to another.
#include "exitaudit/grade/rounds.hpp"

#include "exitaudit/documents/document.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace exitaudit::grade {
namespace {

using nlohmann::json;

// A round that has less time than this would not reach its end.
constexpr auto shortest_round = std::chrono::seconds(25);
constexpr auto longest_glance = std::chrono::seconds(60);

// The first two are fired by the other VM as well.
const std::vector<std::string> among_others{"cpuid.leaf0", "io.out8", "smp.*"};
const std::vector<std::string> a_few{"cpuid.leaf0", "io.out8", "hlt.timer"};

bool has_verdict(const Audit& audit) { return audit.verdict == "pass" || audit.verdict == "fail"; }

// Which results tell of more exits than the guest caused.
std::set<std::string> surpluses(const json& report)
{
    std::set<std::string> names;
    for (const auto& result : array_member(report, "results"))
        if (text_member(result, "verdict") == "not ok" &&
            number_member(result, "told") > number_member(result, "caused"))
            names.insert(text_member(result, "name"));
    return names;
}

// All exits that the guest caused, and none of them told.
bool counts_nothing(const json& report)
{
    bool caused = false;
    for (const auto& result : array_member(report, "results")) {
        caused |= number_member(result, "caused") > 0;
        if (number_member(result, "caused") > 0 && number_member(result, "told") > 0)
            return false;
    }
    return caused;
}

std::optional<Remark> about_other_vendor(const Audit& audit)
{
    const auto vendor = audit.lane == "svm" ? "AMD" : "Intel";
    if (audit.verdict == "not-patched")
        return Remark{"vendor-not-patched", fmt::format("{}: not patched: no ledger answers there", vendor)};
    if (has_verdict(audit) && counts_nothing(audit.report))
        return Remark{
            "vendor-not-patched",
            fmt::format("{}: not patched: the leaves answer there, but no exit is counted", vendor)};
    if (audit.verdict == "pass" || audit.verdict == "could-not-grade")
        return std::nullopt;
    const auto& finding = audit.findings.front();
    return Remark{finding.id, fmt::format("{}, which the patch does not change: {}", vendor, finding.text)};
}

} // namespace

void add_news(Audit& audit, const Audit& later)
{
    // What needed much of its time alone may need more beside another.
    const bool hurried = later.verdict == "hangs" &&
                         number_member(later.report, "seconds") < 2 * number_member(audit.report, "seconds");
    if (later.verdict == "could-not-grade" || hurried) {
        audit.notes.push_back(
            {"not-tried",
             "not tried with 2 vCPUs, nor beside another VM: too little time was left (--timeout)"});
        return;
    }
    std::vector<Remark> news;
    const auto is_known = [&](std::string_view id) {
        return std::any_of(audit.findings.begin(), audit.findings.end(),
                           [&](const Remark& known) { return known.id == id; });
    };
    const auto before = surpluses(audit.report), after = surpluses(later.report);
    const bool mixes = !std::includes(before.begin(), before.end(), after.begin(), after.end());
    if (mixes && !is_known("host-wide"))
        news.push_back(
            {"host-wide",
             "another VM's exits appear in the guest's ledger: the counters are the host's, not the VM's; "
             "keep them in struct kvm_vcpu or struct kvm"});
    for (const auto& finding : later.findings) {
        // Where VMs are mixed, so are the numbers that other findings come from.
        const bool certain = !mixes || finding.id == "racing-counters" || finding.id == "shared-query";
        if (certain && !is_known(finding.id))
            news.push_back({finding.id, "with 2 vCPUs, beside another VM: " + finding.text});
    }
    if (news.empty())
        return;
    audit.verdict = has_verdict(later) ? "fail" : later.verdict;
    audit.findings.insert(audit.findings.end(), news.begin(), news.end());
}

Rounds::Outcome Rounds::run(const std::vector<std::string>& lanes, const std::string& other) const
{
    stage("auditing");
    const auto limit = std::max(left(), shortest_round);
    std::vector<AuditOrder> orders;
    for (const auto& lane : lanes)
        orders.push_back({lane, plan, {"--vcpus", std::to_string(vcpus)}, limit});
    if (!other.empty())
        orders.push_back({other, a_few, {}, std::min(limit, longest_glance)});
    Outcome outcome{run_audits(orders, *this), std::nullopt};
    if (!other.empty()) {
        outcome.other = about_other_vendor(outcome.audits.back());
        outcome.audits.pop_back();
    }
    if (plan.empty())
        again(outcome.audits);
    return outcome;
}

void Rounds::again(std::vector<Audit>& audits) const
{
    if (std::none_of(audits.begin(), audits.end(), has_verdict))
        return;
    std::vector<AuditOrder> orders;
    const auto limit = left();
    for (auto& audit : audits) {
        if (!has_verdict(audit))
            continue;
        if (limit >= shortest_round)
            orders.push_back({audit.lane, among_others, {"--noise", "--vcpus", "2"}, limit});
        else
            audit.notes.push_back(
                {"not-tried", "not tried with 2 vCPUs, nor beside another VM: no time was left (--timeout)"});
    }
    if (orders.empty())
        return;
    stage("auditing with 2 vCPUs, beside another VM");
    for (const auto& later : run_audits(orders, *this))
        for (auto& audit : audits)
            if (audit.lane == later.lane)
                add_news(audit, later);
}

} // namespace exitaudit::grade
