// The audits of one submission: everything, and a few triggers on the other vendor's lane if the patch does
// not touch it; then with two vCPUs, beside another VM if each VM has a table of its own.
#pragma once

#include "exitaudit/audit/audit.hpp"
#include "exitaudit/grade/progress.hpp"

#include <span>

namespace exitaudit::grade {

struct Audit {
    const Lane* lane = nullptr;
    std::string verdict = "could-not-grade"; // or pass, fail, not-patched, hangs, crashes
    std::string message;
    std::vector<Finding> findings, notes; // against the host, and about it
    std::string layout, edition;          // as found; empty: none
    AuditReport report;
};

// A round needs this much time.
constexpr auto shortest_round = std::chrono::seconds(25);

bool has(const std::vector<Finding>& findings, std::string_view id);

// What an audit means for the patch.
Audit judged(const Lane& lane, AuditReport report);

// Adds what the later run found in addition.
void add_news(Audit& audit, const Audit& later);

struct AuditOrder {
    const Lane* lane;
    HostSpec spec;
    std::string_view suffix{}; // to the names of its files
};

struct Rounds {
    const Places& places;
    std::filesystem::path directory; // that has the modules, and gets the logs
    HostSpec spec;                   // of the first round; with a plan, there is no other
    Progress& progress;
    std::chrono::seconds timeout; // of the submission
    bool lanes_at_once;

    // One audit per lane, with what the later round adds to it; last, if there is one, the audit of a few
    // triggers on `other`, the lane of the vendor that the patch does not name. Interrupted on a signal.
    std::vector<Audit> run(const std::vector<const Lane*>& lanes, const Lane* other) const;
private:
    // At once, or one after the other. The serial log and the JSON document of each go to the directory.
    std::vector<Audit> run(const std::vector<AuditOrder>& orders) const;
    Audit run(const AuditOrder& order, bool shows_progress) const;
    void again(std::span<Audit> audits) const;
    std::chrono::seconds left() const { return timeout - progress.spent(); }
};

} // namespace exitaudit::grade
