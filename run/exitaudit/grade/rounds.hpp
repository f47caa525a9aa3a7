// The audits of one submission: everything, and a few triggers on the other vendor's lane if the patch does
// not touch it; then with two vCPUs, beside another VM.
#pragma once

#include "exitaudit/audit/audit.hpp"
#include "exitaudit/grade/workplace.hpp"

namespace exitaudit::grade {

struct Audit {
    const Lane* lane;
    std::string verdict; // pass, fail, not-patched, hangs, crashes or could-not-grade
    std::string message;
    std::vector<Finding> findings, notes; // against the host, and about it
    std::string layout, edition;          // as found; empty: none
    AuditReport report;
};

struct AuditOrder {
    const Lane* lane;
    HostSpec spec;
};

// What an audit means for the patch. `heard`: its guest spoke shortly before the end.
Audit judged(const Lane& lane, AuditReport report, bool heard);

// Runs them at once. A name for each, as of a file, goes before its serial log and its JSON document in
// `directory`. Interrupted on a signal.
std::vector<Audit> run_audits(const std::vector<AuditOrder>& orders, const Places& places,
                              const std::filesystem::path& directory, const std::function<void()>& tick);

struct Rounds {
    const Places& places;
    std::filesystem::path directory; // that has the modules, and gets the logs
    HostSpec spec;                   // of the first round; with a plan, there is no other
    std::function<void(const std::string&)> stage;
    std::function<void()> tick;
    std::function<std::chrono::seconds()> left; // of the submission's time

    struct Outcome {
        std::vector<Audit> audits;    // one per lane, with what the later round adds to it
        std::optional<Finding> other; // about the lane of the other vendor
    };

    // `other`: the lane of the vendor that the patch does not name, to run a few triggers on; nullptr: none.
    Outcome run(const std::vector<const Lane*>& lanes, const Lane* other) const;

private:
    void again(std::vector<Audit>& audits) const;
};

// Adds what the later run, with two vCPUs beside another VM, found in addition.
void add_news(Audit& audit, const Audit& later);

} // namespace exitaudit::grade
