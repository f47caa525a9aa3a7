// What was changed in whole files: lines by their meaning, or what diff(1) finds.
#include "exitaudit/submission/submission.hpp"

#include "exitaudit/submission/archive.hpp"
#include "exitaudit/submission/mail.hpp"
#include "exitaudit/support/file.hpp"
#include "exitaudit/support/pattern.hpp"
#include "exitaudit/support/refused.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <memory>
#include <span>

namespace exitaudit::grade {
namespace {

namespace fs = std::filesystem;

// No file of KVM's is near them. The time to compare grows with the product of lines.
constexpr std::size_t file_limit = 2 << 20, most_lines = 20000, most_files = 300;

// A submitted file, copied so that no symbolic link is followed.
struct Theirs {
    std::string name, path; // where it belongs in the source
    fs::path copy;
};

struct Collected {
    std::vector<Theirs> files;
    std::vector<std::string> others; // none of KVM's
};

// The directories of a kernel tree with files that may_change().
constexpr std::array<std::string_view, 5> places{"arch/x86/kvm/", "arch/x86/include/", "include/linux/",
                                                 "include/uapi/linux/", "virt/kvm/"};

// Paths relative to the directory. Of a tree, only KVM's.
std::vector<std::string> names_in(const fs::path& directory, bool is_tree) {
    std::vector<std::string> names;
    for (fs::recursive_directory_iterator at(directory, fs::directory_options::skip_permission_denied), end;
         at != end; ++at) {
        const auto name = at->path().lexically_relative(directory).string();
        if (at->path().filename() == ".git" || is_junk(name)) {
            at.disable_recursion_pending();
        } else if (at->symlink_status().type() != fs::file_type::directory) {
            if (!is_tree || may_change(name)) names.push_back(name);
        } else if (is_tree && std::ranges::none_of(places, [&, inside = name + "/"](auto place) {
                       return place.starts_with(inside) || inside.starts_with(place);
                   })) {
            at.disable_recursion_pending();
        }
    }
    std::sort(names.begin(), names.end());
    return names;
}

// Where a file belongs. A header that no kernel has is taken for one of KVM's.
std::string place_of(const std::string& name, const Base& base) {
    static const Pattern header("[A-Za-z0-9_-]+\\.h");
    const auto place = place_in_source(name, base.files), file = fs::path(name).filename().string();
    return !may_change(place) && header.match(file) ? "arch/x86/kvm/" + file : place;
}

Collected collect(const fs::path& path, bool is_tree, const Base& base, const fs::path& copies) {
    Collected collected;
    const bool is_directory = fs::is_directory(path);
    const auto names = is_directory ? names_in(path, is_tree) : std::vector{path.filename().string()};
    for (const auto& name : names) {
        const auto place = is_tree ? name : place_of(name, base);
        const auto original = without_copy_number(name);
        if (!may_change(place) || (original != name && std::ranges::binary_search(names, original))) {
            collected.others.push_back(sanitize(name));
            continue;
        }
        const auto bytes = read_start(is_directory ? path / name : path, file_limit);
        const auto text = plain_text(bytes); // Windows writes UTF-16
        const auto lines = static_cast<std::size_t>(std::ranges::count(text, '\n'));
        if (bytes.size() == file_limit || lines > most_lines || collected.files.size() == most_files)
            throw Refused(fmt::format("{}: too large, or too many files", sanitize(name)));
        const auto same = std::ranges::find(collected.files, place, &Theirs::path);
        if (same != collected.files.end()) {
            if (read_file(same->copy) == text) continue;
            throw Refused(fmt::format("{} and {} are both {}: hand in one of them", sanitize(same->name),
                                      sanitize(name), place));
        }
        const auto copy = copies / std::to_string(collected.files.size());
        write_file(copy, text);
        collected.files.push_back({name, place, copy});
    }
    return collected;
}

// The changes of a file from the kernel's to the one at `changed`.
Patch difference(const std::string& path, const fs::path& changed, const Kernel& kernel, const Base& base) {
    const auto original = kernel.source / path;
    const bool creates = !fs::exists(original);
    const auto old_name = creates ? "/dev/null" : path;
    const auto [ending, text, errors] = output_of({"diff", "-u", "--label", old_name, "--label", path,
                                                   creates ? old_name : original.string(), changed.string()},
                                                  std::chrono::minutes(1));
    return ending.exited_with(1) ? read_patch(text, "diff of " + sanitize(path), base.files) : Patch();
}

// The file in this kernel; empty if it has none.
std::string text_in(const Kernel& kernel, const std::string& path) {
    return fs::exists(kernel.source / path) ? read_start(kernel.source / path, file_limit) : "";
}

} // namespace

Patch changes_to(const std::string& path, const std::string& text, const Kernel& kernel, const Base& base) {
    const TemporaryDirectory directory;
    write_file(directory.path() / "file", text);
    return difference(path, directory.path() / "file", kernel, base);
}

namespace {

std::vector<ComparedFile> read_given(const Collected& theirs, const Base& base) {
    std::vector<ComparedFile> files;
    const auto kernels = base.kernels();
    for (const auto& file : theirs.files) {
        auto& compared = files.emplace_back(ComparedFile{file.path,
                                                         CSource(read_start(file.copy, file_limit)),
                                                         CSource(text_in(kernels.front(), file.path)),
                                                         {}});
        for (const auto& kernel : std::span(kernels).subspan(1))
            compared.others.emplace_back(text_in(kernel, file.path));
        pair_lines(compared);
    }
    return files;
}

// In a line of theirs: a kernel has such numbers elsewhere.
bool mentions_leaf(const ComparedFile& file) {
    for (std::size_t line = 0; line < file.pairs.size(); ++line)
        if (file.is_added(line) && has_leaf(file.theirs.code(line))) return true;
    return false;
}

// The lines that select_ledger_lines() takes, placed in our files.
Attempt by_lines(std::vector<ComparedFile>& files, const Base& base, Reach reach) {
    Attempt attempt{{}, "of the files, only the lines about the ledger are taken", true};
    select_ledger_lines(files, base.identifiers(), reach);
    std::size_t left_out = 0;
    for (const auto& file : files) {
        for (std::size_t line = 0; line < file.kept.size(); ++line)
            left_out += file.is_added(line) && !file.kept[line];
        if (std::ranges::find(file.kept, true) == file.kept.end()) continue;
        auto placed = place_kept_lines(file);
        attempt.patch.append(changes_to(file.path, placed.text, base.kernels().front(), base));
        for (const auto line : placed.homeless)
            attempt.notes.push_back(
                {"left-out", fmt::format("there is no place for {}:{}", file.path, line)});
        attempt.placed.push_back(std::move(placed));
    }
    if (left_out)
        attempt.notes.push_back(
            {"left-out", fmt::format("{} other lines differ from Linux {} and are left out", left_out,
                                     base.kernels().front().name)});
    return attempt;
}

// The difference from the kernel that is closest to the files.
std::pair<Patch, std::string> closest_difference(const Collected& theirs, const Base& base) {
    std::pair<Patch, std::string> best;
    for (const auto& kernel : base.kernels()) {
        Patch patch;
        for (const auto& file : theirs.files) patch.append(difference(file.path, file.copy, kernel, base));
        patch.refused.clear(); // a file that only another kernel has: its hunks do not apply
        if (best.second.empty() || patch.text().size() < best.first.text().size())
            best = {std::move(patch), kernel.name};
    }
    return best;
}

// What the closures of a Change share.
struct Work {
    TemporaryDirectory copies;
    Collected theirs;
    std::vector<ComparedFile> given;
    std::pair<Patch, std::string> closest;
};

void add_attempts(Change& change, const std::shared_ptr<Work>& work, const Base& base) {
    for (const auto reach : {Reach::neighbours, Reach::statements})
        change.attempts.push_back([work, &base, reach] { return by_lines(work->given, base, reach); });
    change.attempts.push_back([work, &base] {
        return Attempt{about_the_ledger(work->closest.first, base.identifiers()),
                       fmt::format("of the diff against Linux {}, only the hunks about the ledger are taken",
                                   work->closest.second),
                       true};
    });
    change.attempts.push_back([work] {
        return Attempt{work->closest.first,
                       fmt::format("the diff against Linux {} is applied", work->closest.second), true};
    });
}

} // namespace

Patch about_the_ledger(const Patch& patch, const std::set<std::string>& known) {
    std::set<std::string> names; // that only their changes have
    std::set<const Hunk*> kept;
    // Each hunk that is kept adds names, which may select more hunks.
    for (bool grows = true; grows;) {
        grows = false;
        for (const auto& change : patch.changes) {
            for (const auto& hunk : change.hunks) {
                if (kept.contains(&hunk)) continue;
                const auto added = added_text(hunk);
                auto words = identifiers(added);
                std::erase_if(words, [&](const auto& word) { return known.contains(word); });
                if (!has_leaf(added) &&
                    std::ranges::none_of(words, [&](const auto& w) { return names.contains(w); }))
                    continue;
                kept.insert(&hunk);
                names.merge(words);
                grows = true;
            }
        }
    }
    Patch result;
    for (const auto& change : patch.changes) {
        FileChange part{change.path, change.source, change.creates, {}};
        std::ranges::copy_if(change.hunks, std::back_inserter(part.hunks),
                             [&](const Hunk& h) { return kept.contains(&h); });
        if (!part.hunks.empty()) result.changes.push_back(std::move(part));
    }
    return result;
}

Change whole_files(const fs::path& path, bool is_tree, const Base& base) {
    const auto work = std::make_shared<Work>();
    auto& theirs = work->theirs = collect(path, is_tree, base, work->copies.path());
    Change change;
    change.of_files = true;
    if (is_tree)
        change.notes.push_back(
            {"left-out", "of the tree, KVM's C sources and headers are compared with the kernel's; what was "
                         "changed elsewhere, in a Makefile too, is not looked at"});
    auto others = "none of KVM's C sources and headers: " + first_names(theirs.others);
    if (std::ranges::any_of(theirs.others,
                            [](const auto& n) { return n.ends_with(".c") || n.ends_with(".h"); }))
        others += " (they are expected under the kernel's names, like vmx.c and cpuid.c)";
    if (theirs.files.empty()) {
        change.refused.push_back({"refused", theirs.others.empty() ? "nothing of KVM's is in it" : others});
        return change;
    }
    if (!theirs.others.empty()) change.notes.push_back({"left-out", "left out, as " + others});
    work->closest = closest_difference(theirs, base);
    if (work->closest.first.changes.empty()) {
        change.refused.push_back({"no-patch", "the files are those of the kernel: nothing is changed"});
        return change;
    }
    work->given = read_given(theirs, base);
    change.has_ledger = std::ranges::any_of(work->given, mentions_leaf);
    add_attempts(change, work, base);
    return change;
}

} // namespace exitaudit::grade
