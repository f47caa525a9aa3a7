// Which runs, and what one adds to another.
#include "rounds.hpp"

#include "exit_code.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace exitaudit::grade {
namespace {

using nlohmann::json;

// A round that has less time than this would not reach its end.
constexpr auto shortest_round = std::chrono::seconds(20);

// Both are fired by the noise as well.
const std::vector<std::string> beside_another_vm{"cpuid.leaf0", "io.out8"};
const std::vector<std::string> several_vcpus{"cpuid.leaf0", "io.out8", "smp.*", "ledger.conservation"};
const std::vector<std::string> a_few{"cpuid.leaf0", "io.out8", "hlt.timer"};

bool has_verdict(const Audit& audit)
{
    return audit.verdict == "pass" || audit.verdict == "fail";
}

std::set<std::string> failures(const json& report)
{
    std::set<std::string> names;
    for (const auto* list : {"results", "host"})
        for (const auto& result : report.value(list, json::array()))
            if (result.value("verdict", "") == "not ok")
                names.insert(result.value("name", ""));
    return names;
}

// All exits that the guest caused, and none of them told.
bool counts_nothing(const json& report)
{
    bool caused = false;
    for (const auto& result : report.value("results", json::array())) {
        if (result.value("caused", 0U) == 0)
            continue;
        caused = true;
        if (result.value("told", 0) != 0)
            return false;
    }
    return caused;
}

} // namespace

std::vector<Remark> news(const Audit& first, const Audit& later)
{
    std::vector<Remark> news;
    if (!has_verdict(later))
        return later.findings;
    const auto before = failures(first.report);
    const auto after = failures(later.report);
    if (std::all_of(after.begin(), after.end(), [&](const auto& name) { return before.contains(name); }))
        return news;
    for (const auto& finding : later.findings)
        if (std::none_of(first.findings.begin(), first.findings.end(),
                         [&](const Remark& known) { return known.id == finding.id && known.id != "failed"; }))
            news.push_back(finding);
    return news;
}

std::vector<Audit> Rounds::run(const std::vector<std::string>& lanes) const
{
    const auto orders = [&](const auto& which, const std::vector<std::string>& words, std::vector<std::string> options) {
        std::vector<AuditOrder> list;
        for (const auto& lane : which)
            list.push_back({lane, words, options});
        return list;
    };
    stage("auditing");
    const auto limit = std::max(left(), shortest_round);
    auto audits = run_audits(orders(lanes, plan, {"--vcpus", std::to_string(vcpus)}), *this, limit);
    if (!plan.empty())
        return audits;

    const auto again = [&](const std::string& name, const std::vector<std::string>& words,
                           const std::vector<std::string>& options, const auto& add) {
        std::vector<std::string> alive;
        for (const auto& audit : audits)
            if (has_verdict(audit))
                alive.push_back(audit.lane);
        if (alive.empty())
            return;
        if (left() < shortest_round) {
            audits.front().notes.push_back({"not-tried", fmt::format("not tried {}: no time was left (--timeout)", name)});
            return;
        }
        stage("auditing " + name);
        for (const auto& later : run_audits(orders(alive, words, options), *this, left()))
            for (auto& audit : audits)
                if (audit.lane == later.lane)
                    add(audit, later);
    };
    again("beside another VM", beside_another_vm, {"--noise"}, [](Audit& audit, const Audit& later) {
        if (!news(audit, later).empty() && has_verdict(later)) {
            audit.verdict = "fail";
            audit.findings.push_back({"host-wide",
                                      "another VM's exits appear in the guest's ledger: the counters are the host's, not "
                                      "the VM's; keep them in struct kvm_vcpu or struct kvm"});
        }
    });
    again("with 2 vCPUs", several_vcpus, {"--vcpus", "2"}, [](Audit& audit, const Audit& later) {
        const auto found = news(audit, later);
        if (found.empty() || later.verdict == "could-not-grade")
            return;
        audit.verdict = has_verdict(later) ? "fail" : later.verdict;
        for (const auto& finding : found)
            audit.findings.push_back({finding.id, "with 2 vCPUs: " + finding.text});
    });
    return audits;
}

std::optional<Remark> Rounds::glance(const std::string& lane) const
{
    if (left() < shortest_round)
        return std::nullopt;
    stage(fmt::format("glancing at the {} lane", lane));
    const auto vendor = lane == "svm" ? "AMD" : "Intel";
    const auto audit = run_audits({{lane, a_few, {}}}, *this, left()).front();
    if (audit.verdict == "not-patched")
        return Remark{"vendor-not-patched", fmt::format("{}: not patched: no ledger answers there", vendor)};
    if (has_verdict(audit) && counts_nothing(audit.report))
        return Remark{"vendor-not-patched",
                      fmt::format("{}: not patched: the leaves answer there, but no exit is counted", vendor)};
    if (audit.verdict == "pass")
        return std::nullopt;
    const auto why = audit.findings.empty() ? audit.message : audit.findings.front().text;
    return Remark{audit.findings.empty() ? audit.verdict : audit.findings.front().id,
                  fmt::format("{}, which the patch does not change: {}", vendor, why)};
}

} // namespace exitaudit::grade
