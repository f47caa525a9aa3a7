// Auditing compiled modules on lanes, side by side.
#pragma once

#include "exitaudit/audit/audit.hpp"
#include "exitaudit/grade/workplace.hpp"

#include <filesystem>
#include <string>
#include <vector>

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

} // namespace exitaudit::grade
