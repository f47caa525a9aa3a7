// Which audits run, and what one adds to another.
#include "exitaudit/grade/rounds.hpp"

#include "exitaudit/support/json.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace exitaudit::grade {
namespace {

// Where one table counts the exits of all VMs, another VM would only hide the rest.
bool beside_another(const Audit& audit) { return text_member(audit.report.log.profile, "scope") == "vm"; }

// Adds those of another id.
bool unite(std::vector<Finding>& known, const std::vector<Finding>& more, std::string_view where) {
    const auto before = known.size();
    for (const auto& finding : more)
        if (!has(known, finding.id))
            known.push_back({finding.id, fmt::format("{}: {}", where, finding.text)});
    return known.size() > before;
}

} // namespace

void add_news(Audit& audit, const Audit& later) {
    const auto where = fmt::format("with 2 vCPUs{}", beside_another(audit) ? ", beside another VM" : "");
    if (later.verdict == "could-not-grade") {
        audit.notes.push_back(
            {"not-tried", fmt::format("not tried {}: too little time was left (--timeout)", where)});
        return;
    }
    // The first run skips what needs two vCPUs.
    for (const auto& result : later.report.log.results) {
        auto& results = audit.report.log.results;
        const auto same = std::ranges::find(results, result.name, &Result::name);
        if (same != results.end() && same->outcome == Outcome::skip) *same = result;
    }
    unite(audit.notes, later.notes, where);
    if (unite(audit.findings, later.findings, where))
        audit.verdict = later.verdict == "pass" ? "fail" : later.verdict;
}

std::vector<Audit> Rounds::run(const std::vector<const Lane*>& lanes, const Lane* other) const {
    progress.stage("auditing");
    auto whole = spec;
    whole.timeout = std::max(left(), shortest_round);
    std::vector<AuditOrder> orders;
    for (const auto* lane : lanes) orders.push_back({lane, whole});
    if (other) {
        auto& few = orders.emplace_back(other, whole).spec;
        few.plan = {"cpuid.leaf0", "io.out8", "hlt.timer"};
        few.vcpus = 1;
        few.timeout = std::min<std::chrono::seconds>(few.timeout, std::chrono::minutes(1));
    }
    auto audits = run(orders);
    if (spec.plan.empty()) again(std::span(audits).first(lanes.size()));
    return audits;
}

void Rounds::again(std::span<Audit> audits) const {
    std::vector<AuditOrder> orders;
    std::vector<Audit*> firsts;
    for (auto& audit : audits) {
        if (audit.verdict != "pass" && audit.verdict != "fail") continue;
        if (left() < shortest_round) {
            add_news(audit, {});
            continue;
        }
        auto& more = orders.emplace_back(audit.lane, spec, "-more").spec;
        more.plan = {"cpuid.leaf0", "io.out8", "smp.*"}; // the other VM fires the first two, too
        more.vcpus = 2;
        more.noise = beside_another(audit);
        more.timeout = left();
        firsts.push_back(&audit);
    }
    if (orders.empty()) return;
    progress.stage("auditing with 2 vCPUs");
    const auto laters = run(orders);
    for (std::size_t i = 0; i < laters.size(); ++i) add_news(*firsts[i], laters[i]);
}

} // namespace exitaudit::grade
