// From what people hand in to a row each.
#include "grade.hpp"

#include "exit_code.hpp"
#include "kvm_module.hpp"
#include "lane.hpp"
#include "plan_check.hpp"
#include "report.hpp"
#include "rounds.hpp"
#include "row.hpp"
#include "compile.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include <unistd.h>

namespace exitaudit {
namespace grade {
namespace {

namespace fs = std::filesystem;
using Clock = std::chrono::steady_clock;

constexpr auto time_for_audits = std::chrono::seconds(30); // of a patch's time, not for compiling
constexpr std::size_t module_limit = 64 << 20;

// What goes on, for the user's patience.
class Progress {
public:
    explicit Progress(std::size_t all) : all_(all), terminal_(isatty(STDERR_FILENO) == 1) {}

    void next(const std::string& name)
    {
        name_ = tame(name);
        start_ = Clock::now();
        ++number_;
    }

    void stage(const std::string& what)
    {
        what_ = what;
        if (terminal_)
            tick();
        else
            fmt::print(stderr, "exitaudit: {}\n", line());
    }

    void tick() const
    {
        if (!terminal_)
            return;
        fmt::print(stderr, "\r\x1b[Kexitaudit: {}", line());
        std::fflush(stderr);
    }

    void clear() const
    {
        if (terminal_)
            fmt::print(stderr, "\r\x1b[K");
    }

    std::chrono::seconds elapsed() const { return std::chrono::duration_cast<std::chrono::seconds>(Clock::now() - start_); }

private:
    std::string line() const { return fmt::format("{} of {}, {}: {} ({} s)", number_, all_, name_, what_, elapsed().count()); }

    std::size_t all_, number_ = 0;
    bool terminal_;
    Clock::time_point start_ = Clock::now();
    std::string name_, what_;
};

class Grader {
public:
    Grader(const GradeOptions& options, const Places& places, Progress& progress)
        : options_(options), places_(places), base_(Base::make(places.build, options.kernel)), progress_(progress)
    {
    }

    Row operator()(const Submission& submission)
    {
        progress_.next(submission.name);
        Row row;
        row.submission = submission;
        const TemporaryDirectory directory;
        try {
            grade(row, directory.path());
        } catch (const Error& error) {
            row.verdict = "could-not-grade";
            row.findings.push_back({"could-not-grade", tame(error.what(), 1000)});
        } catch (const fs::filesystem_error& error) {
            row.verdict = "could-not-grade";
            row.findings.push_back({"could-not-grade", tame(error.what(), 1000)});
        }
        row.seconds = static_cast<double>(progress_.elapsed().count());
        if (!options_.keep.empty())
            keep(submission, directory.path());
        return row;
    }

private:
    void grade(Row& row, const fs::path& directory)
    {
        std::vector<std::string> lanes;
        if (row.submission.kind == Submission::Kind::modules)
            lanes = take_modules(row, directory);
        else if (build(row, directory))
            lanes = lanes_of(row);
        if (lanes.empty() || !row.verdict.empty())
            return;
        const Rounds rounds{directory,
                            places_.build,
                            options_.kernel,
                            options_.plan,
                            options_.vcpus,
                            [&](const std::string& what) { progress_.stage(what); },
                            [&] { progress_.tick(); },
                            [&] { return options_.timeout - progress_.elapsed(); }};
        // The other vendor's side is glanced at where the patch names one.
        const bool glance = lanes.size() == 1 && options_.lane == "auto" && options_.plan.empty() &&
                            row.submission.kind != Submission::Kind::modules;
        auto outcome = rounds.run(lanes, !glance ? "" : lanes.front() == "vmx" ? "svm" : "vmx");
        row.audits = std::move(outcome.audits);
        if (outcome.other)
            row.findings.push_back(*outcome.other);
        row.verdict = worst(row.audits);
    }

    // Compiles it; false and a verdict, if it is not to be audited.
    bool build(Row& row, const fs::path& directory)
    {
        progress_.stage("reading");
        auto change = change_of(row.submission, base_);
        row.notes = change.notes;
        for (const auto& file : change.patch.changes)
            if (std::find(row.changes.begin(), row.changes.end(), file.path) == row.changes.end())
                row.changes.push_back(file.path);
        if (!change.patch.refused.empty()) {
            row.verdict = "refused";
            row.findings = change.patch.refused;
            return false;
        }
        auto compiled = compile_in_time(change.patch, directory);
        if (change.partial_allowed && !compiled.built) {
            auto part = about_the_ledger(change.patch, base_);
            if (!part.changes.empty()) {
                row.notes.push_back(
                    {"ledger-only",
                     fmt::format("as a whole it does not compile ({}); without what does not speak of the ledger:",
                                 compiled.errors.front().text)});
                change.patch = std::move(part);
                compiled = compile_in_time(change.patch, directory);
            }
        }
        report(row, compiled, change.partial_allowed);
        return row.verdict.empty();
    }

    Compiled compile_in_time(const Patch& patch, const fs::path& directory)
    {
        progress_.stage("compiling");
        const auto left = options_.timeout - progress_.elapsed() - time_for_audits;
        return compile(base_, patch, directory, std::max(left, std::chrono::seconds(10)));
    }

    static void report(Row& row, const Compiled& compiled, bool partial_allowed)
    {
        row.builds = compiled.built;
        if (compiled.fuzzy)
            row.notes.push_back(
                {"fuzz", fmt::format("{} hunks apply only with fuzz: the lines round them differ", compiled.fuzzy)});
        auto& rejected = partial_allowed ? row.notes : row.findings;
        rejected.insert(rejected.end(), compiled.rejected.begin(), compiled.rejected.end());
        if (!partial_allowed && !compiled.rejected.empty()) {
            row.builds = false;
            row.verdict = "does-not-apply";
        } else if (!compiled.built) {
            row.verdict = "does-not-compile";
            row.findings.insert(row.findings.end(), compiled.errors.begin(), compiled.errors.end());
        }
    }

    std::vector<std::string> take_modules(Row& row, const fs::path& directory)
    {
        std::vector<std::string> lanes;
        for (const std::string name : kvm_modules) {
            const auto module = row.submission.path / name;
            if (!fs::exists(fs::symlink_status(module)))
                continue;
            write_file(directory / name, read_start(module, module_limit));
            if (name != kvm_modules[0])
                lanes.push_back(name == kvm_modules[1] ? "vmx" : "svm");
        }
        if (!fs::exists(directory / kvm_modules[0]))
            throw Error(fmt::format("{} has no kvm.ko", tame(row.submission.name)));
        return chosen(lanes);
    }

    std::vector<std::string> lanes_of(const Row& row) const
    {
        const auto touched = [&](std::string_view directory) {
            return std::any_of(row.changes.begin(), row.changes.end(),
                               [&](const auto& path) { return path.starts_with(directory); });
        };
        const bool intel = touched("arch/x86/kvm/vmx/"), amd = touched("arch/x86/kvm/svm/");
        if (intel != amd)
            return chosen({intel ? "vmx" : "svm"});
        return chosen({"svm", "vmx"});
    }

    std::vector<std::string> chosen(std::vector<std::string> lanes) const
    {
        return options_.lane == "auto" ? std::move(lanes) : std::vector<std::string>{options_.lane};
    }

    static std::string worst(const std::vector<Audit>& audits)
    {
        constexpr std::array order{"could-not-grade", "crashes", "hangs", "fail", "not-patched"};
        for (const auto* verdict : order)
            if (std::any_of(audits.begin(), audits.end(), [&](const Audit& audit) { return audit.verdict == verdict; }))
                return verdict;
        return "pass";
    }

    void keep(const Submission& submission, const fs::path& directory)
    {
        auto name = fs::absolute(submission.path).lexically_normal().filename().string();
        std::replace_if(
            name.begin(), name.end(), [](char c) { return c <= ' ' || c > '~' || c == '/'; }, '_');
        fs::create_directories(options_.keep / name);
        fs::copy(directory, options_.keep / name, fs::copy_options::recursive | fs::copy_options::overwrite_existing);
    }

    const GradeOptions& options_;
    const Places& places_;
    Base base_;
    Progress& progress_;
};

void check(const GradeOptions& options, const Places& places)
{
    if (const auto error = check_plan(options.plan))
        throw Error(*error, ExitCode::usage);
    find_program("bwrap", "bubblewrap");
    // Known now rather than after the last patch.
    for (const auto& file : {options.json, options.junit})
        if (const auto directory = file.parent_path(); !directory.empty() && !fs::is_directory(directory))
            throw Error(fmt::format("cannot write {}: {} is no directory", file.string(), directory.string()), ExitCode::usage);
    const auto host = places.build / "embedded-host" / options.kernel / "vmlinux";
    if (!fs::exists(host))
        throw Error(fmt::format("no embedded host with Linux {} is built: make one with `make embedded-host KERNEL={}`",
                                options.kernel, options.kernel));
}

std::size_t width_of(const std::vector<Submission>& submissions)
{
    std::size_t width = 5;
    for (const auto& submission : submissions)
        width = std::max(width, std::min<std::size_t>(submission.name.size(), 60));
    return width;
}

nlohmann::json grade_document(const GradeOptions& options, const std::vector<Row>& rows)
{
    nlohmann::json document{{"schema", 1},
                            {"kind", "grade"},
                            {"kernel", options.kernel},
                            {"exit_code", exit_code_of(rows)},
                            {"rows", nlohmann::json::array()}};
    for (const auto& row : rows)
        document["rows"].push_back(row_document(row));
    return document;
}

} // namespace
} // namespace grade

int grade_all(const GradeOptions& options)
{
    using namespace grade;
    std::vector<Submission> submissions;
    for (const auto& name : options.submissions)
        submissions.push_back(find_submission(name));
    const auto places = Places::find(options.build);
    check(options, places);

    SignalsCaught signals;
    std::vector<Row> rows;
    try {
        Progress progress(submissions.size());
        Grader grader(options, places, progress);
        fmt::print("{}\n", row_header(width_of(submissions)));
        for (const auto& submission : submissions) {
            rows.push_back(grader(submission));
            progress.clear();
            for (const auto& line : row_lines(rows.back(), width_of(submissions)))
                fmt::print("{}\n", line);
            std::fflush(stdout);
            if (const auto signal = signals.signal())
                throw Interrupted{*signal};
        }
    } catch (const Interrupted& interrupted) {
        fmt::print(stderr, "exitaudit: interrupted by SIG{}\n", sigabbrev_np(interrupted.signal));
        return 128 + interrupted.signal;
    }
    write_documents(options.json, options.junit, grade_document(options, rows));
    return exit_code_of(rows);
}

} // namespace exitaudit
