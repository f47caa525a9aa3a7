// From one submission to its row.
#include "exitaudit/grade/grader.hpp"

#include "exitaudit/grade/content.hpp"
#include "exitaudit/support/exit_code.hpp"
#include "exitaudit/lanes/overlay.hpp"
#include "exitaudit/grade/rounds.hpp"
#include "exitaudit/reading/reading.hpp"
#include "exitaudit/support/file.hpp"
#include "exitaudit/support/pattern.hpp"
#include "exitaudit/support/refused.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace exitaudit::grade {
namespace {

namespace fs = std::filesystem;

constexpr auto time_for_audits = std::chrono::seconds(30); // of a patch's time, not for compiling
constexpr std::size_t module_limit = 64 << 20;

const Finding no_ledger{"no-ledger",
                        "no line of it mentions a leaf of the ledger (0x4FFFFFFC to 0x4FFFFFFF)"};

void report_no_ledger(Row& row) {
    row.verdict = "no-ledger";
    row.findings = {no_ledger}; // and no errors of a compiler
}

// Errors in lines of the submission first, by their numbers there. Others of what was taken of whole files
// may be due to how it was taken.
std::vector<Finding> errors_in_their_words(const Compiled& compiled, const Attempt& attempt) {
    static const Pattern place("([^: ]+):([0-9]+): (.*)");
    std::vector<Finding> own, others;
    for (const auto& error : compiled.errors) {
        const auto found = place.match(error.text);
        const auto file = std::ranges::find_if(
            attempt.placed, [&](const auto& placed) { return found && placed.path == found->at(1); });
        if (file != attempt.placed.end() && file->origins.contains(std::stoul(found->at(2))))
            own.push_back({error.id, fmt::format("{}:{} as handed in: {}", file->path,
                                                 file->origins.at(std::stoul(found->at(2))), found->at(3))});
        else
            others.push_back({attempt.placed.empty() ? error.id : "could-not-build", error.text});
    }
    own.insert(own.end(), others.begin(), others.end());
    return own;
}

void report(Row& row, const Grader::Tried& tried) {
    const auto& attempt = tried.attempt;
    const auto& compiled = tried.compiled;
    row.builds = compiled.built;
    if (!attempt.how.empty()) row.notes.push_back({"how-taken", attempt.how});
    row.notes.insert(row.notes.end(), attempt.notes.begin(), attempt.notes.end());
    auto& rejected = attempt.partial_allowed ? row.notes : row.findings;
    rejected.insert(rejected.end(), compiled.rejected.begin(), compiled.rejected.end());
    if (!attempt.partial_allowed && !compiled.rejected.empty()) {
        row.builds = false;
        row.verdict = "does-not-apply";
    } else if (!compiled.built) {
        row.verdict = "does-not-compile";
        const auto errors = errors_in_their_words(compiled, attempt);
        row.findings.insert(row.findings.end(), errors.begin(), errors.end());
    }
}

void report_other_vendor(const Audit& audit, Row& row) {
    if (audit.verdict == "pass" || audit.verdict == "could-not-grade") return;
    const bool unpatched = audit.verdict == "not-patched" || has(audit.findings, "vendor-not-patched");
    (unpatched ? row.notes : row.findings)
        .push_back({unpatched ? "vendor-not-patched" : audit.findings.front().id,
                    fmt::format("{}, which the patch does not change: {}",
                                audit.lane->vendor == Vendor::amd ? "AMD" : "Intel",
                                unpatched ? "no exit is counted there" : audit.findings.front().text)});
}

// The lines of whole files have places already; a patch's are those of the files as it leaves them.
Reading read_attempt(const Change& change, const Attempt& attempt, const Base& base) {
    if (change.of_files && !attempt.placed.empty()) {
        const bool whole =
            std::ranges::all_of(attempt.placed, &std::vector<std::size_t>::empty, &PlacedFile::homeless);
        return whole ? read_source(attempt.placed, base) : Reading();
    }
    const auto files = patched_files(change.of_files ? attempt.patch : change.attempts.front()().patch, base);
    return files ? read_source(*files, base) : Reading();
}

// What of the ledger is not compiled, because it has no place in our kernel; empty: nothing.
std::string what_is_missing(const Attempt& attempt, const Compiled& compiled, const Base& base) {
    for (const auto& file : attempt.placed)
        if (!file.homeless.empty())
            return fmt::format("{}:{} has no place in Linux {}", file.path, file.homeless.front(),
                               base.kernels().front().name);
    const auto ledger = about_the_ledger(attempt.patch, base.identifiers());
    for (const auto& rejected : compiled.rejected_hunks)
        for (const auto& file : ledger.changes)
            for (const auto& hunk : file.hunks)
                if (file.path == rejected.path && hunk.text == rejected.hunks.front().text)
                    return fmt::format("a hunk of {} does not apply: {}", file.path,
                                       sanitize(hunk.text.substr(0, hunk.text.find('\n'))));
    return {};
}

std::string worst(const std::vector<Audit>& audits) {
    constexpr std::array order{"could-not-grade", "crashes", "hangs", "fail", "not-patched"};
    for (const auto* verdict : order)
        if (std::ranges::any_of(audits, [&](const Audit& audit) { return audit.verdict == verdict; }))
            return verdict;
    return "pass";
}

} // namespace

Row Grader::operator()(const Submission& submission, std::size_t number, const std::string& kept) {
    progress_.next(submission.name, number);
    base_ = &common_base_;
    Row row;
    row.submission = submission;
    row.content = content_of(submission, common_base_, options_.of_content());
    const TemporaryDirectory directory;
    try {
        grade(row, directory.path());
    } catch (const Refused& error) {
        row.verdict = "refused";
        row.findings.push_back({"refused", sanitize(error.what(), 1000)});
    } catch (const std::exception& error) { // the others are still to be graded
        row.verdict = "could-not-grade";
        row.findings.push_back({"could-not-grade", sanitize(error.what(), 1000)});
    }
    row.seconds = static_cast<double>(progress_.spent().count());
    if (std::error_code error; !options_.keep.empty()) {
        fs::copy(directory.path(), options_.keep / kept,
                 fs::copy_options::recursive | fs::copy_options::overwrite_existing, error);
        if (error) row.notes.push_back({"not-kept", fmt::format("{}: {}", kept, error.message())});
    }
    row.submission.unpacked.reset(); // the row outlives it
    return row;
}

void Grader::grade(Row& row, const fs::path& directory) {
    row.notes = row.submission.notes;
    if (!row.submission.refused.empty()) {
        row.verdict = row.submission.refused.front().id;
        row.findings = row.submission.refused;
        return;
    }
    look_into(row.submission);
    std::vector<const Lane*> lanes;
    if (row.submission.kind == Submission::Kind::modules)
        lanes = take_modules(row, directory);
    else if (build(row, directory))
        lanes = lanes_of(row);
    if (lanes.empty() || !row.verdict.empty()) return;
    HostSpec spec;
    spec.kernel = options_.kernel;
    (row.submission.is_kernel() ? spec.built : spec.modules) = directory;
    spec.plan = options_.plan;
    spec.vcpus = options_.vcpus;
    const Rounds rounds{places_, directory, spec, progress_, options_.timeout, lanes_at_once_};
    // A patch that names one vendor's code may break the other's.
    const Lane* other = nullptr;
    if (lanes.size() == 1 && options_.lane == "auto" && options_.plan.empty() &&
        row.submission.kind != Submission::Kind::modules)
        other = &lane_of(lanes.front()->vendor == Vendor::intel ? Vendor::amd : Vendor::intel);
    row.audits = rounds.run(lanes, other);
    if (other) {
        report_other_vendor(row.audits.back(), row);
        row.audits.pop_back();
    }
    for (auto& audit : row.audits) {
        hold_to(options_.terms, audit);
        point_to_source(audit.findings, row.remarks);
    }
    row.verdict = worst(row.audits);
}

bool Grader::build(Row& row, const fs::path& directory) {
    progress_.stage("reading");
    const auto change = change_of(row.submission, *base_);
    row.notes.insert(row.notes.end(), change.notes.begin(), change.notes.end());
    if (!change.refused.empty()) {
        row.verdict = "refused";
        row.findings = change.refused;
        return false;
    }
    const bool is_kernel = row.submission.is_kernel();
    if ((change.of_files || is_kernel) && !change.has_ledger) {
        report_no_ledger(row);
        return false;
    }
    if (is_kernel) {
        progress_.stage("compiling the kernel that it began from, unless that was done");
        progress_.clear();
        base_ = &row.submission.base_or(common_base_);
    }
    row.sandbox = base_->emulated ? "machine" : "bubblewrap";
    if (base_->emulated)
        row.notes.push_back(
            {"sandbox", "compiled in an emulated machine, as bubblewrap has no user namespaces here"});
    auto tried = try_attempts(row.submission, change, directory);
    for (const auto& file : tried.attempt.patch.changes)
        if (std::ranges::find(row.changes, file.path) == row.changes.end()) row.changes.push_back(file.path);
    row.added = added_lines(tried.attempt.patch);
    report(row, tried);
    if (is_kernel && tried.compiled.built)
        row.notes.push_back(
            {"tree-host", fmt::format("its own kernel is compiled and audited, Linux {}", base_->name)});
    if (row.verdict == "does-not-apply")
        if (auto why = not_the_kernels(tried.compiled.rejected_hunks, *base_))
            row.findings.insert(row.findings.begin(), std::move(*why));
    auto reading = read_attempt(change, tried.attempt, *base_);
    progress_.spend(reading.took);
    for (const auto& remark : reading.remarks) row.notes.push_back(remark.note);
    row.remarks = std::move(reading.remarks);
    if (!change.has_ledger && (row.verdict.empty() || row.verdict == "does-not-compile"))
        report_no_ledger(row);
    else if (change.of_files && (!tried.compiled.built || !tried.missing.empty()))
        row.verdict = "could-not-build";
    if (!tried.missing.empty())
        row.findings.push_back(
            {"could-not-build", "without a part of the ledger it would be judged wrongly: " + tried.missing});
    return row.verdict.empty();
}

std::string preview(Submission submission, const Base& base, std::string& verdict) {
    std::string text;
    const auto add_notes = [&](const std::vector<Finding>& notes) {
        for (const auto& note : notes) text += fmt::format("# {} [{}]\n", sanitize(note.text, 1000), note.id);
    };
    add_notes(submission.notes);
    add_notes(submission.refused);
    if (!submission.refused.empty()) {
        verdict = submission.refused.front().id;
        return text;
    }
    look_into(submission);
    const auto change = change_of(submission, base);
    add_notes(change.refused);
    add_notes(change.notes);
    if (!change.refused.empty()) verdict = "refused";
    if (!change.refused.empty() || change.attempts.empty()) return text;
    if (!change.has_ledger) add_notes({no_ledger});
    const auto attempt = change.attempts.front()();
    add_notes(attempt.notes);
    for (const auto& remark : read_attempt(change, attempt, base).remarks) add_notes({remark.note});
    return text + attempt.patch.text();
}

Grader::Tried Grader::try_attempts(const Submission& submission, const Change& change,
                                   const fs::path& directory) {
    std::optional<Tried> best; // else the first: the least of it is not the submission's own
    unsigned number = 0;
    for (const auto& make : change.attempts) {
        ++number;
        Tried tried{make(), {}, {}};
        const auto& patch = tried.attempt.patch;
        if (submission.is_kernel())
            tried.compiled = compile_kernel(submission, directory);
        else if (patch.changes.empty())
            continue;
        else if (patch.refused.empty())
            tried.compiled = compile_in_time(patch, directory);
        else
            tried.compiled.rejected = patch.refused;
        // For --keep: the next attempt overwrites them.
        for (const auto* name : {"patch", "make.log"})
            if (fs::exists(directory / name))
                fs::copy_file(directory / name, directory / fmt::format("{}.attempt-{}", name, number));
        const auto& compiled = tried.compiled;
        const bool applies = compiled.rejected.empty();
        if (compiled.built && change.of_files)
            tried.missing = what_is_missing(tried.attempt, compiled, *base_);
        const bool usable =
            compiled.built && tried.missing.empty() && (applies || tried.attempt.partial_allowed);
        if (usable || !best) best = std::move(tried);
        if (usable || (!best->attempt.partial_allowed && applies)) break; // as a patch, it would be the same
    }
    if (!best) throw failure("nothing of it can be put into Linux {}", base_->kernels().front().name);
    return std::move(*best);
}

Compiled Grader::compile_in_time(const Patch& patch, const fs::path& directory) {
    progress_.stage("compiling");
    const auto left = options_.timeout - progress_.spent() - time_for_audits;
    auto compiled = compile(*base_, patch, directory, std::max(left, std::chrono::seconds(10)));
    progress_.spend(compiled.took);
    return compiled;
}

// A kernel takes as long as it takes: the time of the submission is for its audits.
Compiled Grader::compile_kernel(const Submission& branch, const fs::path& directory) {
    progress_.stage("compiling its kernel");
    return compile_branch(*base_, branch, directory, std::chrono::minutes(15));
}

std::vector<const Lane*> Grader::take_modules(Row& row, const fs::path& directory) {
    std::vector<Vendor> vendors;
    for (const std::string name : kvm_modules) {
        const auto module = row.submission.path / name;
        if (!fs::exists(fs::symlink_status(module))) continue;
        write_file(directory / name, read_start(module, module_limit));
        if (name != kvm_modules[0]) vendors.push_back(name == kvm_modules[1] ? Vendor::intel : Vendor::amd);
    }
    if (!fs::exists(directory / kvm_modules[0]))
        throw Refused(fmt::format("{} has no kvm.ko", sanitize(row.submission.name)));
    return chosen(vendors);
}

std::vector<const Lane*> Grader::lanes_of(const Row& row) const {
    const auto touched = [&](std::string_view directory) {
        return std::ranges::any_of(row.changes,
                                   [&](const auto& path) { return path.starts_with(directory); });
    };
    const bool intel = touched("arch/x86/kvm/vmx/"), amd = touched("arch/x86/kvm/svm/");
    if (intel != amd) return chosen({intel ? Vendor::intel : Vendor::amd});
    return chosen({Vendor::amd, Vendor::intel});
}

std::vector<const Lane*> Grader::chosen(std::vector<Vendor> vendors) const {
    if (const auto* lane = find_lane(options_.lane)) return {lane};
    std::vector<const Lane*> lanes;
    for (const auto vendor : vendors) lanes.push_back(&lane_of(vendor));
    return lanes;
}

} // namespace exitaudit::grade
