// Finds out what was handed in, and reads patches.
#include "exitaudit/submission/submission.hpp"

#include "exitaudit/submission/archive.hpp"
#include "exitaudit/submission/mail.hpp"
#include "exitaudit/support/exit_code.hpp"
#include "exitaudit/support/pattern.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <map>

namespace exitaudit::grade {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t patch_limit = 4 << 20;

bool is_source(const fs::path& path) { return path.extension() == ".c" || path.extension() == ".h"; }

// So far as the name says it.
bool may_be_patch(std::string_view name) {
    static const Pattern patch(".*\\.(patch|diff|eml|mbox|txt)", Pattern::Case::ignored);
    return patch.match(name).has_value();
}

bool is_patch(const fs::path& path) {
    if (!may_be_patch(path.filename().string())) return false;
    if (path.extension() != ".txt") return true;
    if (fs::symlink_status(path).type() != fs::file_type::regular) return false;
    const auto text = plain_text(read_start(path, patch_limit));
    return text.find("+++ ") != std::string::npos && text.find("\n@@ -") != std::string::npos;
}

bool is_module(const fs::path& path) { return path.extension() == ".ko"; }

// A link that leads to itself is no error.
bool leads_somewhere(const fs::path& path) {
    std::error_code ignored;
    return fs::exists(path, ignored);
}

bool is_tree(const fs::path& path) {
    return leads_somewhere(path / "arch/x86/kvm") || fs::exists(fs::symlink_status(path / ".git"));
}

// What is in it at any depth; symbolic links are not followed, and trees are not entered.
struct Content {
    fs::path tree; // the first
    std::vector<fs::path> modules, patches, sources;
};

Content content_of(const fs::path& directory) {
    Content content;
    (void)fs::directory_iterator(directory); // throws if it is not readable; below, that is ignored
    for (fs::recursive_directory_iterator at(directory, fs::directory_options::skip_permission_denied), end;
         at != end; ++at) {
        const auto& path = at->path();
        if (at->symlink_status().type() == fs::file_type::directory && is_tree(path)) {
            at.disable_recursion_pending();
            if (content.tree.empty()) content.tree = path;
        }
        if (is_module(path)) content.modules.push_back(path);
        if (is_patch(path)) content.patches.push_back(path);
        if (is_source(path)) content.sources.push_back(path);
    }
    std::ranges::sort(content.patches);
    return content;
}

// Is one of them directly in it?
bool has_direct(const std::vector<fs::path>& paths, const fs::path& directory) {
    return std::ranges::find(paths, directory, &fs::path::parent_path) != paths.end();
}

// The only thing in it; empty if there is more.
fs::path only_entry(const fs::path& directory) {
    fs::path only;
    for (const auto& entry : fs::directory_iterator(directory)) {
        if (!only.empty()) return {};
        only = entry.path();
    }
    return only;
}

Patch patch_from(const fs::path& path, const Base& base) {
    const auto name = path.filename().string();
    const auto text = read_start(path, patch_limit);
    if (text.size() == patch_limit)
        return {{},
                {{"refused", fmt::format("{} is larger than {} MiB", sanitize(name), patch_limit >> 20)}}};
    return read_patch(text, name, base.files);
}

Patch series_from(const fs::path& directory, const Base& base) {
    std::vector<Patch> patches;
    for (const auto& path : content_of(directory).patches) patches.push_back(patch_from(path, base));
    return in_order(std::move(patches), base);
}

// Is it to be unpacked? Only what change_of() can use.
bool is_wanted(std::string_view name, const Base& base) {
    return may_be_patch(name) || is_module(name) ||
           (is_source(name) && may_change(place_in_source(name, base.files)));
}

// The archive to unpack; empty: none. In a directory of a class's, it may be all that is there.
fs::path archive_of(const Submission& submission) {
    std::error_code ignored; // reported when it is graded
    auto path = submission.path;
    if (submission.kind == Submission::Kind::unknown && fs::is_directory(path, ignored) && !is_tree(path))
        path =
            fs::directory_iterator(path, ignored) == fs::directory_iterator() ? fs::path() : only_entry(path);
    const bool is_file = fs::symlink_status(path, ignored).type() == fs::file_type::regular;
    return is_file && is_archive(path.filename().string()) ? path : fs::path();
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
        throw usage_error("{} is missing: grade takes patches, directories, archives and kernel trees", name);
    return submission;
}

std::vector<Submission> unpacked(const Submission& submission, const Base& base,
                                 const std::function<void()>& go_on) {
    const auto archive = archive_of(submission);
    if (archive.empty()) return {submission};
    const auto directory = std::make_shared<const TemporaryDirectory>();
    const auto wanted = [&](std::string_view name) {
        go_on();
        return is_wanted(name, base);
    };
    std::vector<Submission> all;
    for (auto& parcel : unpack(archive, directory->path(), wanted)) {
        auto name = parcel.name.empty() ? submission.name : parcel.name;
        if (!all.empty() && all.back().name == name) name += " " + parcel.id;
        all.push_back({name, Submission::Kind::unknown, parcel.directory, "", directory,
                       std::move(parcel.refused), std::move(parcel.notes)});
    }
    return all;
}

void look_into(Submission& submission) {
    using enum Submission::Kind;
    if (submission.kind != unknown) return;
    auto& path = submission.path;
    if (!fs::is_directory(path)) {
        submission.kind = is_source(path) ? files : patch;
        return;
    }
    for (auto only = path; !is_tree(path) && fs::is_directory(fs::symlink_status(only));) {
        path = only;
        only = only_entry(path);
    }
    const auto content = is_tree(path) ? Content{path, {}, {}, {}} : content_of(path);
    const bool direct = has_direct(content.modules, path) || has_direct(content.patches, path);
    if (!content.tree.empty() && !direct) path = content.tree;
    submission.kind = has_direct(content.modules, path)  ? modules
                      : !content.tree.empty() && !direct ? tree
                      : !content.patches.empty()         ? series
                      : !content.sources.empty()         ? files
                                                         : unknown;
}

Change change_by_patch(Patch patch, const Base& base) {
    Change change;
    change.refused = patch.refused;
    change.notes = patch.notes;
    if (!change.refused.empty()) return change;
    const auto adds_leaf = [](const FileChange& file) {
        return std::ranges::any_of(file.hunks, [](const Hunk& hunk) { return has_leaf(added_text(hunk)); });
    };
    change.has_ledger = std::ranges::any_of(patch.changes, adds_leaf);
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
        {"no-patch", fmt::format("{} holds neither a patch, nor C source files, nor kernel modules",
                                 sanitize(submission.name))}};
    return nothing;
}

} // namespace exitaudit::grade
