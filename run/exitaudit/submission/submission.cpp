// Finds out what was handed in, and reads patches.
#include "exitaudit/submission/submission.hpp"

#include "exitaudit/support/exit_code.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <map>

namespace exitaudit::grade {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t patch_limit = 4 << 20;

bool is_source(const fs::path& path) { return path.extension() == ".c" || path.extension() == ".h"; }

bool is_patch(const fs::path& path) { return path.extension() == ".patch" || path.extension() == ".diff"; }

// A link that leads to itself is no error.
bool leads_somewhere(const fs::path& path) {
    std::error_code ignored;
    return fs::exists(path, ignored);
}

Submission::Kind kind_of_directory(const fs::path& path) {
    using enum Submission::Kind;
    bool has_modules = false, has_patches = false, has_source = false;
    if (leads_somewhere(path / "arch/x86/kvm") || fs::exists(fs::symlink_status(path / ".git"))) return tree;
    (void)fs::directory_iterator(path); // throws if it is not readable; below, that is ignored
    // Symbolic links are not followed.
    for (const auto& entry :
         fs::recursive_directory_iterator(path, fs::directory_options::skip_permission_denied)) {
        has_modules |= entry.path().extension() == ".ko" && entry.path().parent_path() == path;
        has_patches |= is_patch(entry.path()) && entry.path().parent_path() == path;
        has_source |= is_source(entry.path());
    }
    return has_modules ? modules : has_patches ? series : has_source ? files : unknown;
}

Patch patch_from(const fs::path& path, const Base& base) {
    const auto name = path.filename().string();
    const auto text = read_start(path, patch_limit);
    if (text.size() == patch_limit)
        return {{}, {{"refused", fmt::format("{} is larger than {} MiB", name, patch_limit >> 20)}}};
    return read_patch(text, name, base.files);
}

Patch series_from(const fs::path& directory, const Base& base) {
    std::vector<fs::path> paths;
    for (const auto& entry : fs::directory_iterator(directory))
        if (is_patch(entry.path())) paths.push_back(entry.path());
    std::sort(paths.begin(), paths.end());
    Patch patch;
    for (const auto& path : paths) patch.append(patch_from(path, base));
    return patch;
}

// Each hunk where the lines round it are.
Attempt by_context(const Patch& patch, const Base& base) {
    Attempt attempt{{}, "hunks that do not apply are placed by the function and the lines round them"};
    std::map<std::string, std::string> texts; // a series may change a file more than once
    for (const auto& change : patch.changes) {
        if (change.creates) {
            attempt.patch.changes.push_back(change);
            continue;
        }
        const auto original = base.source() / change.path;
        auto& text = texts[change.path];
        if (text.empty() && fs::exists(original)) text = read_start(original, patch_limit);
        auto placed = place_hunks(change, CSource(text));
        text = placed.text;
        for (const auto line : placed.homeless)
            attempt.patch.refused.push_back(
                {"does-not-apply",
                 fmt::format("{}: the hunk at {} line {} does not apply, and most lines round "
                             "it are not in this kernel",
                             change.path, change.source, line)});
        attempt.placed.push_back(std::move(placed));
    }
    for (const auto& [path, text] : texts)
        attempt.patch.append(changes_to(path, text, base.kernels().front(), base));
    return attempt;
}

} // namespace

std::string_view kind_name(Submission::Kind kind) {
    constexpr std::array names{"patch", "series", "files", "tree", "modules", "unknown"};
    return names[static_cast<std::size_t>(kind)];
}

Submission find_submission(const std::string& name) {
    using enum Submission::Kind;
    Submission submission{name, unknown, name, ""};
    std::error_code ignored;
    const bool is_there = fs::exists(fs::symlink_status(name, ignored));
    if (const auto hash = name.rfind('#'); hash != std::string::npos && !is_there) {
        submission.path = name.substr(0, hash);
        submission.branch = name.substr(hash + 1);
        submission.kind = tree;
        if (!fs::is_directory(submission.path, ignored) || submission.branch.empty() ||
            submission.branch.starts_with('-'))
            throw usage_error("{}: not a directory, # and a branch", name);
        return submission;
    }
    if (!is_there)
        throw usage_error("{} is missing: grade takes patches, directories and kernel trees", name);
    return submission;
}

Submission::Kind kind_of(const Submission& submission) {
    using enum Submission::Kind;
    if (submission.kind != unknown) return submission.kind;
    if (fs::is_directory(submission.path)) return kind_of_directory(submission.path);
    return is_source(submission.path) ? files : patch;
}

Change change_by_patch(Patch patch, const Base& base) {
    Change change;
    change.refused = patch.refused;
    change.notes = patch.notes;
    if (!change.refused.empty()) return change;
    change.has_ledger = has_leaf(patch.text());
    change.attempts.push_back([patch] { return Attempt{patch}; });
    change.attempts.push_back([patch, &base] { return by_context(patch, base); });
    return change;
}

Change change_of(const Submission& submission, const Base& base) {
    switch (submission.kind) {
    case Submission::Kind::patch: return change_by_patch(patch_from(submission.path, base), base);
    case Submission::Kind::series: return change_by_patch(series_from(submission.path, base), base);
    case Submission::Kind::files: return whole_files(submission.path, false, base);
    case Submission::Kind::tree: return kernel_tree(submission.path, submission.branch, base);
    case Submission::Kind::modules:
    case Submission::Kind::unknown: break;
    }
    Change nothing;
    nothing.refused = {
        {"no-patch",
         fmt::format("{} holds neither a patch, nor C source files, nor kernel modules", submission.name)}};
    return nothing;
}

} // namespace exitaudit::grade
