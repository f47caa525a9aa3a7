// The contents of a serial log (docs/serial-log.md), before it is judged.
#pragma once

#include "exitaudit/log/finding.hpp"

#include <nlohmann/json.hpp>

#include <optional>

namespace exitaudit {

struct Result {
    unsigned long number = 0;
    std::string name;
    Outcome outcome = Outcome::ok;
    std::string message;
    std::string diagnosis;
    bool in_ktap = false;  // seen as an `ok` or `not ok` line
    nlohmann::json record; // seen as a #json line; null if not
};

struct Counts {
    unsigned long passed = 0, failed = 0, skipped = 0;
    bool operator==(const Counts&) const = default;
};

struct Log {
    bool started = false; // a KTAP header or a run record was seen
    std::optional<unsigned long> planned;
    std::vector<Result> results;
    std::vector<Result> host; // of exitaudit itself, where its output was kept: lines without a number
    nlohmann::json run, profile, platform, rows, one_shot, end; // null: not seen
    std::vector<Finding> findings, notes;
    std::optional<Counts> verdict; // of the last line
    std::string last_line;
    std::string contradiction; // the first one; empty: none

    Counts recount() const;
};

// Reads a log line by line.
class LogReader {
public:
    enum class Kind { firmware, record, text };

    // Takes one printable line. Returns what it is: from before the log, a #json line, or text for people.
    Kind line(std::string_view text);

    const Log& log() const { return log_; }
private:
    bool starts(std::string_view& text);
    void ktap_result(std::string_view text);
    void ktap_plan(std::string_view text);
    void record(std::string_view text);
    void finding_line(std::string_view text, std::vector<Finding>& findings);
    void finding_record(const nlohmann::json& record, std::vector<Finding>& findings);
    void result_record(const nlohmann::json& record);
    void contradiction(const std::string& what);

    Log log_;
    unsigned long line_number_ = 0;
};

} // namespace exitaudit
