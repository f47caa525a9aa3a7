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

// A repository with patches or files alone is a directory of these.
bool is_tree(const fs::path& path) { return leads_somewhere(path / "arch/x86/kvm"); }

// Is it nothing that anybody hands in?
bool is_ignored(const fs::path& path) {
    const auto name = path.filename().string();
    return name == ".git" || is_junk(name);
}

// What is in it at any depth; symbolic links are not followed, and trees are not entered.
struct Content {
    fs::path tree; // the first
    std::vector<fs::path> modules, patches, sources, archives;

    bool can_be_graded() const {
        return !tree.empty() || !modules.empty() || !patches.empty() || !sources.empty();
    }
};

Content content_of(const fs::path& directory) {
    Content content;
    (void)fs::directory_iterator(directory); // throws if it is not readable; below, that is ignored
    for (fs::recursive_directory_iterator at(directory, fs::directory_options::skip_permission_denied), end;
         at != end; ++at) {
        const auto& path = at->path();
        const auto type = at->symlink_status().type();
        if (is_ignored(path)) {
            at.disable_recursion_pending();
            continue;
        }
        if (type == fs::file_type::regular && is_archive(path.filename().string()))
            content.archives.push_back(path);
        if (type == fs::file_type::directory && is_tree(path)) {
            at.disable_recursion_pending();
            if (content.tree.empty()) content.tree = path;
        }
        if (is_module(path)) content.modules.push_back(path);
        if (is_patch(path)) content.patches.push_back(path);
        if (is_source(path)) content.sources.push_back(path);
    }
    // What cites a patch beside the files themselves is none.
    static const Pattern about("(readme|notes?|about)[^/]*[.]txt", Pattern::Case::ignored);
    if (!content.sources.empty())
        std::erase_if(content.patches,
                      [](const auto& path) { return about.match(path.filename().string()); });
    std::ranges::sort(content.patches);
    std::ranges::sort(content.archives);
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
        if (is_ignored(entry.path())) continue;
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
    const auto content = content_of(directory);
    std::vector<Patch> patches;
    for (const auto& path : content.patches) patches.push_back(patch_from(path, base));
    const bool has_changes = std::ranges::any_of(patches, [](const Patch& p) { return !p.changes.empty(); });
    for (auto& patch : patches)
        if (has_changes && patch.is_beside)
            for (auto& why : std::exchange(patch.refused, {}))
                patch.notes.push_back({"left-out", "left out: " + why.text});
    auto series = in_order(std::move(patches), base);
    std::vector<std::string> beside;
    for (const auto& path : content.sources) beside.push_back(path.lexically_relative(directory).string());
    if (!beside.empty())
        series.notes.push_back(
            {"left-out", "the patches are taken, and not the C files beside them: " + first_names(beside)});
    return series;
}

// Is it to be unpacked? Only what change_of() can use.
bool is_wanted(std::string_view name, const Base& base) {
    return may_be_patch(name) || is_module(name) ||
           (is_source(name) && may_change(place_in_source(name, base.files)));
}

// The archives to unpack. In a directory, only if there is nothing else.
std::vector<fs::path> archives_of(const fs::path& path) {
    if (!fs::is_directory(path)) {
        const bool is_file = fs::symlink_status(path).type() == fs::file_type::regular;
        return is_file && is_archive(path.filename().string()) ? std::vector{path} : std::vector<fs::path>();
    }
    auto content = content_of(path);
    return content.can_be_graded() ? std::vector<fs::path>() : content.archives;
}

// Gives each name that is not the only one the student's id.
void tell_apart(std::vector<Submission>& all) {
    std::map<std::string, int> count;
    for (const auto& submission : all) ++count[submission.name];
    for (auto& submission : all)
        if (count[submission.name] > 1 && !submission.id.empty()) submission.name += " " + submission.id;
}

using Wanted = std::function<bool(std::string_view)>;

std::vector<Submission> unpack_all(const std::vector<fs::path>& archives, const std::string& name,
                                   const Wanted& wanted) {
    const auto directory = std::make_shared<const TemporaryDirectory>();
    std::vector<Submission> all;
    unsigned number = 0;
    for (const auto& archive : archives) {
        const auto part = directory->path() / std::to_string(++number);
        fs::create_directory(part);
        for (auto& parcel : unpack(archive, part, wanted)) {
            if (all.empty() || !parcel.id.empty() || !all.front().id.empty()) {
                all.push_back({parcel.name.empty() ? name : parcel.name, Submission::Kind::unknown,
                               parcel.directory, "", directory, std::move(parcel.refused),
                               std::move(parcel.notes), parcel.id});
                continue;
            }
            auto& whole = all.front(); // of several archives of one person
            whole.path = directory->path();
            std::ranges::move(parcel.refused, std::back_inserter(whole.refused));
            std::ranges::move(parcel.notes, std::back_inserter(whole.notes));
        }
    }
    return all;
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
        if (fs::is_symlink(fs::symlink_status(submission.path, ignored)))
            throw usage_error("{0} is a symbolic link: name that directory, or {0}/#{1} to follow the link",
                              submission.path.string(), submission.branch);
        if (!fs::is_directory(submission.path, ignored) || submission.branch.empty() ||
            submission.branch.starts_with('-'))
            throw usage_error("{}: not a directory, # and a branch", name);
        return submission;
    }
    if (!is_there)
        throw usage_error("{} is missing: grade takes patches, directories, archives and kernel trees", name);
    if (fs::is_symlink(fs::symlink_status(name, ignored)) && fs::is_directory(name, ignored))
        submission.refused = {{"refused", fmt::format("{0} is a symbolic link to a directory: name that "
                                                      "directory, or {0}/ to follow the link",
                                                      sanitize(name))}};
    return submission;
}

std::vector<Submission> unpacked(const Submission& submission, const Base& base,
                                 const std::function<void()>& go_on) {
    const auto& path = submission.path;
    if (submission.kind != Submission::Kind::unknown || !submission.refused.empty() ||
        !leads_somewhere(path) || is_tree(path))
        return {submission};
    std::vector<Submission> all;
    if (fs::is_directory(path))
        for (const auto& student : students_in(path))
            std::ranges::move(unpacked(student, base, go_on), std::back_inserter(all));
    if (all.empty()) {
        const auto archives = archives_of(path);
        if (archives.empty()) return {submission};
        all = unpack_all(archives, submission.name, [&](std::string_view name) {
            go_on();
            return is_wanted(name, base);
        });
        if (!submission.id.empty())
            for (auto& one : all) one.id = submission.id;
    }
    tell_apart(all);
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
    const auto content = is_tree(path) ? Content{path, {}, {}, {}, {}} : content_of(path);
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
    case Submission::Kind::tree:
        return submission.is_kernel() ? kernel_branch(submission, base)
                                      : kernel_tree(submission.path, submission.branch, base);
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
