// Reading a serial log into results and records.
#include "exitaudit/log/log.hpp"

#include "exitaudit/support/take.hpp"
#include "exitaudit/support/json.hpp"
#include "exitaudit/log/lines.hpp"

#include <fmt/core.h>

#include <algorithm>

namespace exitaudit {
namespace {

constexpr std::string_view header = "KTAP version 1";
constexpr std::string_view record_mark = "#json ";

// "pass: 17 passed, 0 failed, 0 skipped"
std::optional<Counts> verdict_counts(std::string_view text) {
    Counts counts;
    const auto colon = text.find(": ");
    if (colon == std::string_view::npos) return std::nullopt;
    text.remove_prefix(colon + 2);
    for (const auto& [member, word] : {std::pair{&Counts::passed, " passed, "},
                                       {&Counts::failed, " failed, "},
                                       {&Counts::skipped, " skipped"}}) {
        const auto value = take_number(text);
        if (!value || !take_prefix(text, word)) return std::nullopt;
        counts.*member = *value;
    }
    return counts;
}

// Length of the escape sequence at the start of `text`: ESC [ parameters letter
// (ECMA-48), or ESC and one more byte.
std::size_t escape_length(std::string_view text) {
    if (text.size() < 2 || text[1] != '[') return 2;
    const auto last = text.find_first_not_of("0123456789;?=<> ", 2);
    return last == std::string_view::npos ? text.size() : last + 1;
}

std::vector<std::string> names_member(const nlohmann::json& record, const char* name) {
    std::vector<std::string> names;
    for (const auto& element : array_member(record, name))
        if (element.is_string()) names.push_back(element.get<std::string>());
    return names;
}

} // namespace

std::string_view outcome_name(Outcome outcome) {
    return outcome == Outcome::ok ? "ok" : outcome == Outcome::not_ok ? "not ok" : "skip";
}

Counts Log::recount() const {
    Counts counts;
    for (const auto& result : results)
        ++(result.outcome == Outcome::ok       ? counts.passed
           : result.outcome == Outcome::not_ok ? counts.failed
                                               : counts.skipped);
    return counts;
}

LogReader::Kind LogReader::line(std::string_view text) {
    ++line_number_;
    if (!text.empty() && !text.starts_with(record_mark)) // records are for programs
        log_.last_line = text;
    const bool first = starts(text);
    if (!log_.started) return Kind::firmware;
    if (take_prefix(text, record_mark)) {
        record(text);
        return Kind::record;
    }
    if (first) return Kind::text;
    if (text.starts_with("ok ") || text.starts_with("not ok "))
        ktap_result(text);
    else if (text.starts_with("1.."))
        ktap_plan(text);
    else if (take_prefix(text, "# verdict: "))
        log_.verdict = verdict_counts(text);
    else if (take_prefix(text, "# finding: "))
        finding_line(text, log_.findings);
    else if (take_prefix(text, "# note: "))
        finding_line(text, log_.notes);
    else if (take_prefix(text, "# diagnosis: ") && !log_.results.empty() &&
             log_.results.back().diagnosis.empty())
        log_.results.back().diagnosis = text;
    return Kind::text;
}

// Firmware may have left its cursor in the middle of a line; `text` loses what comes before the log.
bool LogReader::starts(std::string_view& text) {
    if (const auto at = text.find(header);
        at != std::string_view::npos && at + header.size() == text.size()) {
        if (log_.started) contradiction("the guest started a second time");
        text.remove_prefix(at);
        return log_.started = true;
    }
    if (const auto at = text.find("#json {\"record\":\"run\"");
        !log_.started && at != std::string_view::npos) {
        text.remove_prefix(at); // format= without ktap: there is no header
        return log_.started = true;
    }
    return false;
}

void LogReader::ktap_result(std::string_view text) {
    Result result;
    result.in_ktap = true;
    result.outcome = take_prefix(text, "not ") ? Outcome::not_ok : Outcome::ok;
    take_prefix(text, "ok ");
    const bool of_host = text.starts_with("host.") || text.starts_with("fatal.");
    const auto number = of_host ? 0 : take_number(text);
    if (!of_host && (!number || !take_prefix(text, " "))) return contradiction("a result without a number");
    result.number = *number;
    const auto hash = text.find(" # ");
    result.name = text.substr(0, hash);
    if (hash != std::string_view::npos) text.remove_prefix(hash + 3), result.message = text;
    if (result.outcome == Outcome::ok && result.message.starts_with("SKIP")) result.outcome = Outcome::skip;
    if (of_host) return log_.host.push_back(std::move(result));
    if (std::ranges::any_of(log_.results, [&](auto& r) { return r.number == result.number; }))
        return contradiction(fmt::format("result {} comes twice", result.number));
    log_.results.push_back(std::move(result));
}

void LogReader::ktap_plan(std::string_view text) {
    text.remove_prefix(3);
    const auto count = take_number(text);
    if (!count) return contradiction("a plan without a number");
    if (log_.planned) return contradiction("a second plan line");
    log_.planned = count;
}

void LogReader::record(std::string_view text) {
    auto record = nlohmann::json::parse(text, nullptr, false);
    if (!record.is_object()) return contradiction("an unreadable record");
    const auto kind = text_member(record, "record");
    if (kind == "result") return result_record(record);
    if (kind == "finding" || kind == "note")
        return finding_record(record, kind == "finding" ? log_.findings : log_.notes);
    const std::pair<std::string_view, nlohmann::json&> places[] = {
        {"run", log_.run},   {"profile", log_.profile},   {"platform", log_.platform},
        {"rows", log_.rows}, {"one-shot", log_.one_shot}, {"end", log_.end}};
    const auto* const known = std::ranges::find(places, kind, [](const auto& each) { return each.first; });
    if (known == std::end(places)) return; // a newer guest's
    auto& place = known->second;
    if (!place.is_null()) return contradiction("a second " + kind + " record");
    place = std::move(record);
}

// "ID: sentence". A record says more.
void LogReader::finding_line(std::string_view text, std::vector<Finding>& findings) {
    const auto colon = text.find(": ");
    if (colon == std::string_view::npos) return;
    const std::string id(text.substr(0, colon));
    if (std::ranges::none_of(findings, [&](const Finding& known) { return known.id == id; }))
        findings.push_back({id, std::string(text.substr(colon + 2))});
}

void LogReader::finding_record(const nlohmann::json& record, std::vector<Finding>& findings) {
    findings.push_back({text_member(record, "id"), text_member(record, "text"), text_member(record, "or"),
                        names_member(record, "explains")});
}

void LogReader::result_record(const nlohmann::json& record) {
    const auto number = record.find("number");
    if (number == record.end() || !number->is_number_unsigned())
        return contradiction("a result record without a number");
    Result said;
    said.number = number->get<unsigned long>();
    said.name = text_member(record, "name");
    const auto verdict = text_member(record, "verdict");
    if (verdict != "ok" && verdict != "not ok" && verdict != "skip")
        return contradiction(fmt::format("result record {} has no verdict", said.number));
    said.outcome = verdict == "ok" ? Outcome::ok : verdict == "skip" ? Outcome::skip : Outcome::not_ok;
    said.message = text_member(record, "message");
    said.diagnosis = text_member(record, "diagnosis");
    said.record = record;

    auto found = std::ranges::find_if(log_.results, [&](auto& r) { return r.number == said.number; });
    if (found == log_.results.end()) {
        log_.results.push_back(std::move(said));
        return;
    }
    if (!found->record.is_null())
        return contradiction(fmt::format("result record {} comes twice", said.number));
    if (found->name != said.name || found->outcome != said.outcome)
        return contradiction(fmt::format("result {} is `{} {}` in KTAP and `{} {}` in its record",
                                         said.number, outcome_name(found->outcome), found->name, verdict,
                                         said.name));
    if (found->diagnosis.empty()) found->diagnosis = said.diagnosis;
    found->record = record;
}

void LogReader::contradiction(const std::string& what) {
    if (log_.contradiction.empty()) log_.contradiction = fmt::format("line {}: {}", line_number_, what);
}

std::string printable(std::string_view line) {
    std::string text;
    while (!line.empty()) {
        const char c = line.front();
        if (c == '\x1b') {
            line.remove_prefix(std::min(escape_length(line), line.size()));
            continue;
        }
        if ((c >= ' ' && c <= '~') || c == '\t') text += c;
        line.remove_prefix(1);
    }
    return text;
}

} // namespace exitaudit
