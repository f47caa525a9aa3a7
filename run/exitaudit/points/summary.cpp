// Faults, verdicts, scores and likeness of all submissions of a class.
#include "exitaudit/points/summary.hpp"

#include "exitaudit/points/similarity.hpp"
#include "exitaudit/support/exit_code.hpp"
#include "exitaudit/support/file.hpp"
#include "exitaudit/support/json.hpp"
#include "exitaudit/support/untrusted.hpp"

#include <fmt/ranges.h>

#include <algorithm>
#include <map>
#include <set>

namespace exitaudit::points {
namespace {

using nlohmann::json;

json most_first(std::vector<json> list, const char* member) {
    std::ranges::stable_sort(list, std::greater(),
                             [&](const json& one) { return number_member(one, member); });
    return list;
}

json verdict_counts(const json& rows) {
    auto counts = json::object();
    for (const auto& row : rows) {
        auto& count = counts[text_member(row, "verdict")];
        count = count.is_null() ? 1 : count.get<int>() + 1;
    }
    return counts;
}

// The most frequent first. The share is that of the rows that could be graded.
json faults(const json& rows) {
    std::map<std::string, int> counts;
    int graded = 0;
    for (const auto& row : rows) {
        if (!was_graded(row)) continue;
        ++graded;
        std::set<std::string> ids; // a finding of both lanes counts once
        for (const auto& finding : array_member(row, "findings")) ids.insert(text_member(finding, "id"));
        for (const auto& id : ids) ++counts[id];
    }
    std::vector<json> list;
    for (const auto& [id, count] : counts)
        list.push_back({{"id", id}, {"submissions", count}, {"share", 100.0 * count / graded}});
    return most_first(std::move(list), "submissions");
}

json scores(const json& rows, const Rubric& rubric) {
    std::vector<double> points;
    for (const auto& row : rows)
        if (const auto score = score_of(row, rubric); score.points) points.push_back(*score.points);
    json document{
        {"scored", points.size()}, {"mean", nullptr}, {"median", nullptr}, {"max", rubric.points()}};
    if (points.empty()) return document;
    std::ranges::sort(points);
    double sum = 0;
    for (const auto one : points) sum += one;
    document["mean"] = sum / static_cast<double>(points.size());
    document["median"] = (points[(points.size() - 1) / 2] + points[points.size() / 2]) / 2;
    return document;
}

json alike(const json& rows, double threshold) {
    std::vector<Fingerprints> of_rows;
    for (const auto& row : rows) {
        std::vector<std::string> lines;
        for (const auto& line : array_member(row, "added"))
            if (line.is_string()) lines.push_back(line.get<std::string>());
        of_rows.push_back(fingerprints(lines));
    }
    std::vector<json> pairs;
    for (std::size_t i = 0; i < of_rows.size(); ++i)
        for (std::size_t j = i + 1; j < of_rows.size(); ++j)
            if (const auto percent = similarity(of_rows[i], of_rows[j]); percent >= threshold)
                pairs.push_back(
                    {{"submissions", {text_member(rows[i], "patch"), text_member(rows[j], "patch")}},
                     {"percent", percent}});
    return most_first(std::move(pairs), "percent");
}

std::string named(const json& pair) {
    const auto& names = pair["submissions"];
    return fmt::format("{} and {}", sanitize(names[0].get<std::string>()),
                       sanitize(names[1].get<std::string>()));
}

} // namespace

json merged(const std::vector<NamedDocument>& grades) {
    std::map<std::string, int> uses; // of names
    std::set<std::string> kernels;
    for (const auto& [file, grade] : grades) {
        if (text_member(grade, "kind") != "grade")
            throw usage_error("{} is of kind {}: --summary takes what grade --json wrote", file,
                              text_member(grade, "kind"));
        if (const auto kernel = text_member(grade, "kernel"); !kernel.empty()) kernels.insert(kernel);
        for (const auto& row : array_member(grade, "rows")) ++uses[text_member(row, "patch")];
    }
    auto rows = json::array();
    for (const auto& [file, grade] : grades)
        for (auto row : array_member(grade, "rows")) {
            const auto name = text_member(row, "patch");
            if (uses[name] > 1) row["patch"] = fmt::format("{}: {}", file, name);
            rows.push_back(std::move(row));
        }
    return {{"schema", 1},
            {"kind", "grade"},
            {"kernel", or_null(fmt::format("{}", fmt::join(kernels, ", ")))},
            {"exit_code", exit_code_of(rows)},
            {"rows", rows}};
}

json summary_of(const json& rows, const Rubric& rubric, double threshold) {
    return {{"submissions", rows.size()},
            {"verdicts", verdict_counts(rows)},
            {"scores", scores(rows, rubric)},
            {"findings", faults(rows)},
            {"similar", alike(rows, threshold)}};
}

std::vector<std::string> summary_lines(const json& summary) {
    std::vector<std::string> verdicts;
    for (const auto& [verdict, count] : summary["verdicts"].items())
        verdicts.push_back(fmt::format("{} {}", count.get<int>(), sanitize(verdict)));
    std::vector<std::string> lines{
        fmt::format("{} submissions: {}", summary["submissions"].get<int>(), fmt::join(verdicts, ", "))};
    const auto& scores = summary["scores"];
    lines.push_back(scores["mean"].is_null()
                        ? "score: none could be graded"
                        : fmt::format("score of {}: mean {:.1f}, median {:.1f}, of {} points",
                                      scores["scored"].get<int>(), scores["mean"].get<double>(),
                                      scores["median"].get<double>(), scores["max"].get<double>()));
    if (!summary["findings"].empty()) lines.push_back(fmt::format("\n{:<24}  submissions  share", "finding"));
    for (const auto& fault : summary["findings"])
        lines.push_back(fmt::format("{:<24}  {:>11}  {:>3.0f} %", sanitize(fault["id"].get<std::string>()),
                                    fault["submissions"].get<int>(), fault["share"].get<double>()));
    if (!summary["similar"].empty())
        lines.push_back("\nsimilarity of added lines (a measure of text, not of who wrote it)");
    for (const auto& pair : summary["similar"])
        lines.push_back(fmt::format("{:>3.0f} %  {}", pair["percent"].get<double>(), named(pair)));
    return lines;
}

int summarize(const SummaryOrder& order) {
    const auto rubric = read_rubric(order.wanted.rubric);
    require_directories_of({order.json, order.junit});
    std::vector<NamedDocument> grades;
    for (const auto& path : order.documents)
        if (std::ranges::find(grades, path, &NamedDocument::file) == grades.end())
            grades.push_back({path, read_document(path)});
    auto document = merged(grades);
    check(order.wanted, document["rows"].size());
    for (auto& row : document["rows"]) row["points"] = score_document(score_of(row, rubric));
    document["summary"] = summary_of(document["rows"], rubric);
    for (const auto& line : summary_lines(document["summary"])) fmt::print("{}\n", line);
    write_documents(order.json, order.junit, document);
    deliver(order.wanted, document["rows"], rubric);
    return static_cast<int>(ExitCode::pass);
}

} // namespace exitaudit::points
