// Finds out what was handed in, and reads patches.
#include "exitaudit/submission/submission.hpp"

#include "exitaudit/support/exit_code.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

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

Change change_of(const Submission& submission, const Base& base) {
    switch (submission.kind) {
    case Submission::Kind::patch: return {patch_from(submission.path, base), {}, false};
    case Submission::Kind::series: return {series_from(submission.path, base), {}, false};
    case Submission::Kind::files: return whole_files(submission.path, false, base);
    case Submission::Kind::tree: return kernel_tree(submission.path, submission.branch, base);
    case Submission::Kind::modules:
    case Submission::Kind::unknown: break;
    }
    return {{{},
             {{"no-patch", fmt::format("{} holds neither a patch, nor C source files, nor kernel modules",
                                       submission.name)}}},
            {},
            false};
}

} // namespace exitaudit::grade
