// From what people hand in to a row each.

#include "exitaudit/support/exit_code.hpp"
#include "exitaudit/grade/grader.hpp"
#include "exitaudit/points/summary.hpp"
#include "exitaudit/submission/submission.hpp"
#include "exitaudit/lanes/lane.hpp"
#include "exitaudit/catalogue/catalogue.hpp"
#include "exitaudit/documents/document.hpp"
#include "exitaudit/support/file.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace exitaudit::grade {
namespace {

namespace fs = std::filesystem;

void check(const GradeOptions& options, const Places& places) {
    if (const auto error = check_plan(options.plan)) throw usage_error("{}", *error);
    find_program("bwrap", "bubblewrap");
    require_directories_of({options.json, options.junit});
    points::check(options.points, options.submissions.size());
    const auto host = places.build / "embedded-host" / options.kernel / "vmlinux";
    if (!fs::exists(host))
        throw failure("no embedded host with Linux {} is built: make one with `make embedded-host KERNEL={}`",
                      options.kernel, options.kernel);
}

std::size_t width_of(const std::vector<Submission>& submissions) {
    std::size_t width = 5;
    for (const auto& submission : submissions)
        width = std::max(width, std::min<std::size_t>(submission.name.size(), 60));
    return width;
}

void add_points(nlohmann::json& row, const points::Rubric& rubric) {
    const auto score = points::score_of(row, rubric);
    row["points"] = points::score_document(score);
    for (const auto& line : points::score_lines(score)) fmt::print("{}\n", line);
}

} // namespace

int grade_all(const GradeOptions& given) {
    if (given.print_rubric) {
        fmt::print("{}", points::default_rubric);
        return static_cast<int>(ExitCode::pass);
    }
    if (given.summary) return points::summarize({given.submissions, given.points, given.json, given.junit});
    auto options = given;
    std::vector<Submission> submissions;
    for (const auto& name : options.submissions) submissions.push_back(find_submission(name));
    const auto rubric = points::read_rubric(options.points.rubric);
    const auto places = Places::find(options.build);
    if (options.kernel.empty()) options.kernel = places.kernel({});
    check(options, places);

    SignalsCaught signals;
    auto rows = nlohmann::json::array();
    for (const auto& submission : submissions) check_branch(submission, scripts_of(places.build));
    Progress progress(submissions.size());
    Grader grader(options, places, progress);
    if (options.dry_run) {
        for (const auto& submission : submissions)
            fmt::print("# {}\n{}", sanitize(submission.name), grader.preview(submission));
        return static_cast<int>(ExitCode::pass);
    }
    fmt::print("{}\n", row_header(width_of(submissions)));
    for (const auto& submission : submissions) {
        const auto row = grader(submission);
        rows.push_back(row_document(row));
        progress.clear();
        for (const auto& line : row_lines(row, width_of(submissions))) fmt::print("{}\n", line);
        if (options.points.any()) add_points(rows.back(), rubric);
        std::fflush(stdout);
        if (const auto signal = signals.signal()) throw Interrupted{*signal};
    }
    const auto exit_code = points::exit_code_of(rows);
    write_documents(options.json, options.junit,
                    {{"schema", 1},
                     {"kind", "grade"},
                     {"kernel", options.kernel},
                     {"exit_code", exit_code},
                     {"rows", rows}});
    points::deliver(options.points, rows, rubric);
    return exit_code;
}

} // namespace exitaudit::grade
