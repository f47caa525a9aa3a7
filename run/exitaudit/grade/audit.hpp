// Auditing compiled modules on a lane, by exitaudit itself as another process.
#pragma once

#include "exitaudit/grade/workplace.hpp"

#include <nlohmann/json.hpp>

namespace exitaudit::grade {

struct Audit {
    std::string lane, verdict; // pass, fail, not-patched, hangs, crashes or could-not-grade
    std::string message;
    std::vector<Remark> findings; // against the host
    std::vector<Remark> notes;    // about it
    std::string layout, edition;  // as found; empty: none
    nlohmann::json report;        // exitaudit run --json's
};

struct AuditOrder {
    std::string lane;
    std::vector<std::string> plan;    // empty: the default
    std::vector<std::string> options; // of exitaudit run
    std::chrono::seconds limit;
};

struct Rounds;

// Reads what exitaudit run has reported. `heard`: its guest spoke shortly before the end.
Audit read_report(const std::string& lane, nlohmann::json report, bool heard);

// Runs the lanes side by side, with the modules that the rounds are about.
std::vector<Audit> run_audits(const std::vector<AuditOrder>& orders, const Rounds& rounds);

} // namespace exitaudit::grade
