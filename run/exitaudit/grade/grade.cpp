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

std::vector<Submission> all_unpacked(const std::vector<Submission>& given, const Base& base,
                                     const std::function<void()>& go_on) {
    std::vector<Submission> all;
    for (auto submission : given) {
        try {
            std::ranges::move(unpacked(submission, base, go_on), std::back_inserter(all));
        } catch (const std::exception& error) { // the others are still to be graded
            submission.refused = {{"could-not-grade", sanitize(error.what(), 1000)}};
            all.push_back(std::move(submission));
        }
    }
    return all;
}

} // namespace

int grade_all(const GradeOptions& given) {
    if (given.print_rubric) {
        fmt::print("{}", points::default_rubric);
        return static_cast<int>(ExitCode::pass);
    }
    if (given.summary) return points::summarize({given.submissions, given.points, given.json, given.junit});
    auto options = given;
    const auto rubric = points::read_rubric(options.points.rubric);
    std::vector<Submission> given_submissions;
    for (const auto& name : options.submissions) given_submissions.push_back(find_submission(name));
    const auto places = Places::find(options.build);
    if (options.kernel.empty()) options.kernel = places.kernel({});
    check(options, places);

    SignalsCaught signals;
    const auto stop_on_signal = [&] {
        if (const auto signal = signals.signal()) throw Interrupted{*signal};
    };
    for (const auto& submission : given_submissions) check_branch(submission, scripts_of(places.build));
    const auto base = Base::make(places.build, options.kernel);
    auto submissions = all_unpacked(given_submissions, base, stop_on_signal);
    Progress progress(submissions.size());
    Grader grader(options, places, base, progress);
    if (options.dry_run) {
        for (const auto& submission : submissions)
            fmt::print("# {}\n{}", sanitize(submission.name), grader.preview(submission));
        return static_cast<int>(ExitCode::pass);
    }
    auto rows = nlohmann::json::array();
    const auto width = width_of(submissions);
    fmt::print("{}\n", row_header(width));
    for (auto& submission : submissions) {
        const auto row = grader(submission);
        submission.unpacked.reset();
        rows.push_back(row_document(row));
        progress.clear();
        for (const auto& line : row_lines(row, width)) fmt::print("{}\n", line);
        if (options.points.any()) add_points(rows.back(), rubric);
        std::fflush(stdout);
        stop_on_signal();
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
