// Writes points for Gradescope, GitHub Classroom and spreadsheets.
#include "exitaudit/points/deliver.hpp"

#include "exitaudit/support/exit_code.hpp"
#include "exitaudit/support/file.hpp"
#include "exitaudit/support/json.hpp"
#include "exitaudit/support/untrusted.hpp"

#include <fmt/ranges.h>

#include <algorithm>

namespace exitaudit::points {
namespace {

using nlohmann::json;

std::filesystem::path results_of(const Wanted& wanted) {
    return wanted.gradescope.empty() ? wanted.gradescope : wanted.gradescope / "results.json";
}

// The verdict and all findings and notes, a line each.
std::string remarks_of(const json& row) {
    auto text = "Verdict: " + text_member(row, "verdict");
    for (const auto& finding : array_member(row, "findings"))
        text += fmt::format("\n{} [{}]", text_member(finding, "text"), text_member(finding, "id"));
    for (const auto& note : array_member(row, "notes"))
        text += fmt::format("\nNote: {} [{}]", text_member(note, "text"), text_member(note, "id"));
    return text;
}

std::string feedback_of(const Score& score) {
    if (!score.points) return score.items.front().feedback;
    std::vector<std::string> sentences;
    for (const auto& item : score.items)
        if (*item.points < item.most && std::ranges::find(sentences, item.feedback) == sentences.end())
            sentences.push_back(item.feedback);
    return sentences.empty() ? "No points are lost." : fmt::format("{}", fmt::join(sentences, " "));
}

std::string cell(std::string text) {
    if (!text.empty() && std::string_view("=+-@\t\r").find(text.front()) != std::string_view::npos)
        text.insert(0, "'");
    if (text.find_first_of(",\"\r\n") == std::string::npos) return text;
    std::string quoted = "\"";
    for (const char c : text) quoted += c == '"' ? "\"\"" : std::string(1, c);
    return quoted + '"';
}

std::string cell(const std::optional<double>& points) { return points ? fmt::format("{}", *points) : ""; }

std::string book_line(const json& row, const Score& score) {
    const auto& findings = array_member(row, "findings");
    std::vector<std::string> cells{cell(text_member(row, "patch")), cell(text_member(row, "verdict")),
                                   cell(score.points)};
    for (const auto& item : score.items) cells.push_back(cell(item.points));
    cells.push_back(cell(findings.empty() ? "" : text_member(findings.front(), "id")));
    cells.push_back(cell(feedback_of(score)));
    return fmt::format("{}\r\n", fmt::join(cells, ","));
}

} // namespace

void check(const Wanted& wanted, std::size_t submissions) {
    require_directories_of({results_of(wanted), wanted.classroom, wanted.csv});
    for (const auto& [file, option] :
         {std::pair{wanted.gradescope, "--gradescope"}, {wanted.classroom, "--classroom"}})
        if (!file.empty() && submissions != 1)
            throw usage_error("{} is for one submission, and here are {}: --csv takes them all", option,
                              submissions);
}

void deliver(const Wanted& wanted, const json& rows, const Rubric& rubric) {
    const auto write_for_one = [&](const std::filesystem::path& file, auto document_of) {
        if (file.empty()) return;
        write_file(file, document_text(document_of(rows.front(), score_of(rows.front(), rubric))));
    };
    write_for_one(results_of(wanted), gradescope_document);
    write_for_one(wanted.classroom, classroom_document);
    if (!wanted.csv.empty()) write_file(wanted.csv, grade_book(rows, rubric));
}

json gradescope_document(const json& row, const Score& score) {
    json document{{"output", remarks_of(row)},
                  {"visibility", "visible"},
                  {"execution_time", number_member(row, "seconds")}};
    // Without score and tests Gradescope reports an autograder that failed. It would take no tests for 0
    // points.
    if (!score.points) return document;
    document["score"] = *score.points;
    document["tests"] = json::array();
    for (const auto& item : score.items)
        document["tests"].push_back({{"name", item.title},
                                     {"score", *item.points},
                                     {"max_score", item.most},
                                     {"output", item.feedback},
                                     {"visibility", "visible"}});
    return document;
}

json classroom_document(const json& row, const Score& score) {
    const auto test = [](const std::string& name, const char* status, const std::string& message) {
        return json{{"name", name},    {"status", status}, {"message", message},
                    {"test_code", ""}, {"filename", ""},   {"line_no", 0}};
    };
    // The reporter sends no points to Classroom where max_score is 0.
    if (!score.points)
        return {
            {"version", 1},
            {"status", "error"},
            {"max_score", 0},
            {"tests", json::array({test(text_member(row, "patch"), "error", score.items.front().feedback)})}};
    json document{{"version", 1},
                  {"status", *score.points < score.most ? "fail" : "pass"},
                  {"max_score", score.most},
                  {"tests", json::array()}};
    for (const auto& item : score.items) {
        auto& added = document["tests"].emplace_back(
            test(item.title, *item.points < item.most ? "fail" : "pass", item.feedback));
        added["score"] = *item.points;
    }
    return document;
}

std::string grade_book(const json& rows, const Rubric& rubric) {
    std::vector<std::string> names{"name", "verdict", "score"};
    for (const auto& item : rubric.items) names.push_back(cell(item.name));
    auto book = fmt::format("{},finding,feedback\r\n", fmt::join(names, ","));
    for (const auto& row : rows) book += book_line(row, score_of(row, rubric));
    return book;
}

} // namespace exitaudit::points
