// From what people hand in to a row each.

#include "exitaudit/support/exit_code.hpp"
#include "exitaudit/grade/jobs.hpp"
#include "exitaudit/grade/rows.hpp"
#include "exitaudit/points/summary.hpp"
#include "exitaudit/submission/submission.hpp"
#include "exitaudit/lanes/lane.hpp"
#include "exitaudit/documents/document.hpp"
#include "exitaudit/support/file.hpp"
#include "exitaudit/support/refused.hpp"
#include "exitaudit/support/say.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <future>
#include <map>

#include <unistd.h>

namespace exitaudit::grade {
namespace {

namespace fs = std::filesystem;

void check(const GradeOptions& options, const Places& places) {
    require_directories_of({options.json, options.junit});
    points::check(options.points, options.submissions.size());
    if (std::error_code error; !options.keep.empty()) {
        fs::create_directories(options.keep, error);
        if (error || access(options.keep.c_str(), W_OK) != 0)
            throw usage_error("--keep {}: no directory that can be written", options.keep.string());
    }
    const auto host = places.build / "embedded-host" / options.kernel / "vmlinux";
    if (!fs::exists(host))
        throw failure("no embedded host with Linux {} is built: make one with `make embedded-host KERNEL={}`",
                      options.kernel, options.kernel);
}

// Grades what has no row yet, several at once. Throws what any of them threw, after all have ended.
void grade_rest(Rows& rows, const Jobs& jobs, const GradeOptions& options, const Places& places,
                const Base& base, SignalsCaught& signals) {
    const auto all = rows.submissions().size();
    const auto kept = names_to_keep(rows.submissions());
    std::atomic<std::size_t> next = 0;
    const auto work = [&] {
        Progress progress(all, jobs.count == 1);
        Grader grader(options, places, base, progress, jobs.lanes_at_once);
        for (std::size_t i; (i = next++) < all;) {
            if (rows.has(i)) continue;
            const auto row = grader(rows.submissions()[i], i + 1, kept[i]);
            progress.clear();
            rows.add(i, row_document(row));
            if (const auto signal = signals.signal()) throw Interrupted{*signal};
        }
    };
    std::vector<std::future<void>> workers;
    for (unsigned i = 0; i < std::min<std::size_t>(jobs.count, all); ++i)
        workers.push_back(std::async(std::launch::async, [&] {
            try {
                work();
            } catch (...) {
                next = all;
                throw;
            }
        }));
    for (const auto& worker : workers) worker.wait();
    for (auto& worker : workers) worker.get();
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

// Of branches of a whole kernel, that kernel is compiled, once for all that began at the same commit.
void find_kernels(std::vector<Submission>& submissions, const fs::path& build) {
    std::map<std::pair<fs::path, std::string>, std::shared_future<std::shared_ptr<const Base>>> known;
    for (auto& submission : submissions) {
        try {
            find_commits(submission, scripts_of(build));
        } catch (const std::exception& error) { // the others are still to be graded
            submission.refused = {{"could-not-grade", sanitize(error.what(), 1000)}};
        }
        if (!submission.is_kernel() || submission.start == submission.tip) continue;
        auto& base = known[{submission.path, submission.start}];
        if (!base.valid())
            base =
                std::async(std::launch::deferred, [build, path = submission.path, commit = submission.start] {
                    return std::make_shared<const Base>(Base::of_commit(build, path, commit));
                });
        submission.base = base;
    }
}

// As points::exit_code_of() has it, so far as nothing is built.
int preview_all(const std::vector<Submission>& submissions, const Base& base) {
    auto code = ExitCode::pass;
    for (const auto& submission : submissions) {
        std::string text, verdict;
        try {
            text = preview(submission, base, verdict);
        } catch (const std::exception& error) { // the others are still to be printed
            verdict = dynamic_cast<const Refused*>(&error) ? "refused" : "could-not-grade";
            text = fmt::format("# {} [{}]\n", sanitize(error.what(), 1000), verdict);
        }
        fmt::print("# {}\n{}", sanitize(submission.name), text);
        if (verdict == "could-not-grade")
            code = ExitCode::could_not_run;
        else if (!verdict.empty() && code == ExitCode::pass)
            code = ExitCode::audit_failed;
    }
    return static_cast<int>(code);
}

} // namespace

int grade_all(const GradeOptions& given) {
    (void)points::read_rubric(given.points.rubric); // refused before anything takes time
    if (given.print_rubric) {
        fmt::print("{}", points::default_rubric);
        return static_cast<int>(ExitCode::pass);
    }
    if (given.summary) return points::summarize({given.submissions, given.points, given.json, given.junit});
    auto options = given;
    std::vector<Submission> given_submissions;
    for (const auto& name : options.submissions) given_submissions.push_back(find_submission(name));
    const auto places = Places::find(options.build);
    options.kernel = places.kernel(options.kernel.empty() ? std::nullopt : std::optional(options.kernel));
    check(options, places);

    SignalsCaught signals;
    const auto stop_on_signal = [&] {
        if (const auto signal = signals.signal()) throw Interrupted{*signal};
    };
    for (const auto& submission : given_submissions) check_branch(submission, scripts_of(places.build));
    const auto base = Base::make(places.build, options.kernel, options.base);
    auto submissions = all_unpacked(given_submissions, base, stop_on_signal);
    if (given.kernel.empty()) find_kernels(submissions, places.build);
    if (options.dry_run) return preview_all(submissions, base);
    Rows rows(options, submissions);
    const auto wanted = static_cast<unsigned>(std::min<std::size_t>(options.jobs, submissions.size()));
    auto machine = Machine::find();
    if (options.memory != 0) machine.memory = std::min(machine.memory, options.memory << 20);
    const auto jobs = jobs_for(wanted, machine);
    if (!jobs.lowered.empty()) say("exitaudit: {}\n", jobs.lowered);
    rows.print_header();
    if (options.resume) say("exitaudit: {} of {} rows are kept\n", rows.resume(base), submissions.size());
    grade_rest(rows, jobs, options, places, base, signals);
    const auto document = rows.document();
    write_documents(options.json, options.junit, document);
    points::deliver(options.points, document["rows"], rows.rubric());
    return document["exit_code"];
}

} // namespace exitaudit::grade
