// Collects, prints and writes rows.
#include "exitaudit/grade/rows.hpp"

#include "exitaudit/documents/document.hpp"
#include "exitaudit/grade/content.hpp"
#include "exitaudit/support/exit_code.hpp"
#include "exitaudit/support/file.hpp"
#include "exitaudit/support/json.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>

namespace exitaudit::grade {

namespace fs = std::filesystem;

Rows::Rows(const GradeOptions& options, std::vector<Submission> submissions)
    : options_(options), submissions_(std::move(submissions)),
      rubric_(points::read_rubric(options.points.rubric)), rows_(submissions_.size()) {
    for (const auto& submission : submissions_)
        width_ = std::max(width_, std::min<std::size_t>(submission.name.size(), 60));
}

std::size_t Rows::resume(const Base& base) {
    if (!fs::exists(options_.json)) return 0;
    const auto document = read_document(options_.json.string());
    if (text_member(document, "kind") != "grade")
        throw usage_error("{} is of kind {}: --resume takes what grade --json wrote", options_.json.string(),
                          text_member(document, "kind"));
    std::map<std::string, nlohmann::json> known;
    for (const auto& row : array_member(document, "rows"))
        if (points::was_graded(row)) known[text_member(row, "patch")] = row;
    std::size_t kept = 0;
    for (std::size_t i = 0; i < rows_.size(); ++i) {
        const auto row = known.find(sanitize(submissions_[i].name));
        if (row == known.end()) continue;
        const auto content = content_of(submissions_[i], base, options_.of_content());
        if (content.empty() || text_member(row->second, "content") != content) continue;
        rows_[i] = row->second;
        rows_[i]["points"] = nullptr;
        ++kept;
    }
    print_next();
    return kept;
}

void Rows::add(std::size_t number, nlohmann::json row) {
    const std::lock_guard lock(mutex_);
    rows_[number] = std::move(row);
    print_next();
    // A device or pipe (/dev/stdout) gets the whole document only.
    if (!options_.json.empty() && (!fs::exists(options_.json) || fs::is_regular_file(options_.json)))
        write_file(options_.json, document_text(document()));
}

void Rows::print_header() const { fmt::print("{}\n", row_header(width_)); }

nlohmann::json Rows::document() const {
    auto rows = nlohmann::json::array();
    for (const auto& row : rows_)
        if (!row.is_null()) rows.push_back(row);
    return {{"schema", 1},
            {"kind", "grade"},
            {"kernel", options_.kernel},
            {"exit_code", points::exit_code_of(rows)},
            {"rows", rows}};
}

void Rows::print_next() {
    for (; printed_ < rows_.size() && has(printed_); ++printed_) print(rows_[printed_]);
    std::fflush(stdout);
}

void Rows::print(nlohmann::json& row) const {
    for (const auto& line : row_lines(row, width_)) fmt::print("{}\n", line);
    if (!options_.points.any()) return;
    const auto score = points::score_of(row, rubric_);
    row["points"] = points::score_document(score);
    for (const auto& line : points::score_lines(score)) fmt::print("{}\n", line);
}

} // namespace exitaudit::grade
