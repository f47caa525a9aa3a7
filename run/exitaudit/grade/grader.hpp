// Grades what people hand in: compiles, audits, judges.
#pragma once

#include "exitaudit/grade/compile.hpp"
#include "exitaudit/lanes/places.hpp"
#include "exitaudit/points/deliver.hpp"
#include "exitaudit/grade/progress.hpp"
#include "exitaudit/reading/reading.hpp"
#include "exitaudit/support/task.hpp"
#include "exitaudit/grade/rounds.hpp"
#include "exitaudit/grade/terms.hpp"
#include "exitaudit/submission/submission.hpp"

#include <fmt/ranges.h>

namespace exitaudit::grade {

struct Row {
    Submission submission;
    // pass, fail, not-patched, refused, does-not-apply, does-not-compile, could-not-build,
    // no-ledger, hangs, crashes or could-not-grade
    std::string verdict;
    std::optional<bool> builds;           // none: not tried
    std::string sandbox;                  // bubblewrap or machine; empty: nothing was compiled
    std::vector<Finding> findings, notes; // those of a lane are in its audit
    std::vector<Audit> audits;
    std::vector<Remark> remarks;      // about the source; they are among the notes, too
    std::vector<std::string> changes; // files
    std::vector<std::string> added;   // lines, without their +
    double seconds = 0;
    std::string content; // content_of()

    // The layout or edition, as the first audit that has one found it; "-" if none has.
    using Member = std::string Audit::*;
    std::string found(Member what) const;
};

nlohmann::json row_document(const Row& row);

// The row's document as text: its columns, then each finding and note on a line.
std::vector<std::string> row_lines(const nlohmann::json& row, std::size_t name_width);
std::string row_header(std::size_t name_width);

// The first lines that a patch adds.
std::vector<std::string> added_lines(const Patch& patch);

struct GradeOptions {
    std::vector<std::string> submissions;
    std::string lane = "auto"; // what the code touches
    std::string kernel;        // empty: the oldest that an embedded host is built with
    unsigned vcpus = 1;
    std::chrono::seconds timeout{115}; // for each
    std::filesystem::path keep, json, junit, build;
    std::filesystem::path base; // a kernel source, for whole files of that kernel; empty: none
    std::vector<std::string> plan;
    Terms terms;
    bool dry_run = false;
    unsigned jobs = 1;        // at once; 0: by cores and memory
    std::uint64_t memory = 0; // MiB to use at most; 0: what is available
    bool resume = false;      // keep the rows that are in `json`
    points::Wanted points;
    bool summary = false; // of documents that --json wrote, in the place of submissions
    bool print_rubric = false;

    // What makes another audit of the same submission.
    std::string of_content() const {
        return fmt::format("{} {} {} {} {} {} {} {}", kernel, lane, vcpus, timeout.count(), terms.assignment,
                           terms.strict, base.string(), fmt::join(plan, " "));
    }
};

void add_grade(CLI::App& app, Task& task);

// Grades, or does what --summary or --print-rubric ask for instead. Returns the exit code; 128 + N if signal
// N interrupted it. Error if nothing can be graded.
int grade_all(const GradeOptions& options);

// A name in --keep's directory for each: that of its file, and where this is not the only one, with the
// directories before it, or a number.
std::vector<std::string> names_to_keep(const std::vector<Submission>& submissions);

// The patch that would be compiled first, with what is left out of it; compiles nothing.
// Sets `verdict`, if it is refused or cannot be read.
std::string preview(Submission submission, const Base& base, std::string& verdict);

class Grader {
public:
    // `lanes_at_once`: both of a submission run side by side.
    Grader(const GradeOptions& options, const Places& places, const Base& base, Progress& progress,
           bool lanes_at_once)
        : options_(options), places_(places), common_base_(base), progress_(progress),
          lanes_at_once_(lanes_at_once) {}

    // `kept`: its name in --keep's directory. Failures are in the row.
    Row operator()(const Submission& submission, std::size_t number, const std::string& kept);

    struct Tried {
        Attempt attempt;
        Compiled compiled;
        std::string missing; // a part of the ledger that is not compiled; empty: nothing
    };
private:
    void grade(Row& row, const std::filesystem::path& directory);
    // Compiles it. False, with a verdict, if there is nothing to audit.
    bool build(Row& row, const std::filesystem::path& directory);
    // The first attempt that can be audited, else the first of all.
    Tried try_attempts(const Submission& submission, const Change& change,
                       const std::filesystem::path& directory);
    Compiled compile_in_time(const Patch& patch, const std::filesystem::path& directory);
    Compiled compile_kernel(const Submission& branch, const std::filesystem::path& directory);
    std::vector<const Lane*> take_modules(Row& row, const std::filesystem::path& directory);
    std::vector<const Lane*> lanes_of(const Row& row) const;
    std::vector<const Lane*> chosen(std::vector<Vendor> vendors) const;

    const GradeOptions& options_;
    const Places& places_;
    const Base& common_base_;
    Progress& progress_;
    const bool lanes_at_once_;
    const Base* base_ = nullptr; // of the submission at hand
};

} // namespace exitaudit::grade
