// From one submission to its row.
#include "exitaudit/grade/grader.hpp"

#include "exitaudit/support/exit_code.hpp"
#include "exitaudit/lanes/overlay.hpp"
#include "exitaudit/grade/rounds.hpp"
#include "exitaudit/support/file.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <ranges>

namespace exitaudit::grade {
namespace {

namespace fs = std::filesystem;

constexpr auto time_for_audits = std::chrono::seconds(30); // of a patch's time, not for compiling
constexpr std::size_t module_limit = 64 << 20;

void report(Row& row, const Compiled& compiled, bool partial_allowed) {
    row.builds = compiled.built;
    if (compiled.fuzzy)
        row.notes.push_back({"fuzz", fmt::format("{} hunks apply only with fuzz: the lines round them differ",
                                                 compiled.fuzzy)});
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

void report_other_vendor(const Audit& audit, Row& row) {
    if (audit.verdict == "pass" || audit.verdict == "could-not-grade") return;
    const bool unpatched = audit.verdict == "not-patched" || has(audit.findings, "vendor-not-patched");
    (unpatched ? row.notes : row.findings)
        .push_back({unpatched ? "vendor-not-patched" : audit.findings.front().id,
                    fmt::format("{}, which the patch does not change: {}",
                                audit.lane->vendor == Vendor::amd ? "AMD" : "Intel",
                                unpatched ? "no exit is counted there" : audit.findings.front().text)});
}

std::string worst(const std::vector<Audit>& audits) {
    constexpr std::array order{"could-not-grade", "crashes", "hangs", "fail", "not-patched"};
    for (const auto* verdict : order)
        if (std::ranges::any_of(audits, [&](const Audit& audit) { return audit.verdict == verdict; }))
            return verdict;
    return "pass";
}

} // namespace

Grader::Grader(const GradeOptions& options, const Places& places, Progress& progress)
    : options_(options), places_(places), base_(Base::make(places.build, options.kernel)),
      progress_(progress) {}

Row Grader::operator()(const Submission& submission) {
    progress_.next(submission.name);
    Row row;
    row.submission = submission;
    const TemporaryDirectory directory;
    try {
        grade(row, directory.path());
    } catch (const std::exception& error) { // the others are still to be graded
        row.verdict = "could-not-grade";
        row.findings.push_back({"could-not-grade", sanitize(error.what(), 1000)});
    }
    row.seconds = static_cast<double>(progress_.elapsed().count());
    if (!options_.keep.empty()) keep(submission, directory.path());
    return row;
}

void Grader::grade(Row& row, const fs::path& directory) {
    row.submission.kind = kind_of(row.submission);
    std::vector<const Lane*> lanes;
    if (row.submission.kind == Submission::Kind::modules)
        lanes = take_modules(row, directory);
    else if (build(row, directory))
        lanes = lanes_of(row);
    if (lanes.empty() || !row.verdict.empty()) return;
    HostSpec spec;
    spec.kernel = options_.kernel;
    spec.modules = directory;
    spec.plan = options_.plan;
    spec.vcpus = options_.vcpus;
    const Rounds rounds{places_, directory, spec, progress_, options_.timeout};
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
    row.verdict = worst(row.audits);
}

bool Grader::build(Row& row, const fs::path& directory) {
    progress_.stage("reading");
    auto change = change_of(row.submission, base_);
    row.notes = change.notes;
    for (const auto& file : change.patch.changes)
        if (std::ranges::find(row.changes, file.path) == row.changes.end()) row.changes.push_back(file.path);
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
                 fmt::format(
                     "as a whole it does not compile ({}): what does not speak of the ledger was left out",
                     compiled.errors.front().text)});
            change.patch = std::move(part);
            compiled = compile_in_time(change.patch, directory);
        }
    }
    report(row, compiled, change.partial_allowed);
    if (change.partial_allowed && !compiled.built)
        row.notes.push_back(
            {"other-kernel",
             fmt::format("the files were compared with Linux {}: if they are of another "
                         "kernel, hand in a patch",
                         fmt::join(base_.kernels() | std::views::transform(&Kernel::name), " and "))});
    return row.verdict.empty();
}

Compiled Grader::compile_in_time(const Patch& patch, const fs::path& directory) {
    progress_.stage("compiling");
    const auto left = options_.timeout - progress_.elapsed() - time_for_audits;
    return compile(base_, patch, directory, std::max(left, std::chrono::seconds(10)));
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
        throw failure("{} has no kvm.ko", sanitize(row.submission.name));
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

void Grader::keep(const Submission& submission, const fs::path& directory) {
    auto name = fs::absolute(submission.path).lexically_normal().filename().string();
    const auto is_awkward = [](char c) { return c <= ' ' || c > '~' || c == '/'; };
    std::ranges::replace_if(name, is_awkward, '_');
    fs::create_directories(options_.keep / name);
    fs::copy(directory, options_.keep / name,
             fs::copy_options::recursive | fs::copy_options::overwrite_existing);
}

} // namespace exitaudit::grade
