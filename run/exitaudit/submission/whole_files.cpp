// Finds with diff(1) what was changed in whole files.
#include "exitaudit/submission/submission.hpp"

#include "exitaudit/support/exit_code.hpp"
#include "exitaudit/support/pattern.hpp"
#include "exitaudit/support/file.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace exitaudit::grade {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t file_limit = 2 << 20, most_files = 300;

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
        if (at->symlink_status().type() != fs::file_type::directory) {
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

Collected collect(const fs::path& path, bool is_tree, const Base& base, const fs::path& copies) {
    Collected collected;
    const bool is_directory = fs::is_directory(path);
    for (const auto& name : is_directory ? names_in(path, is_tree) : std::vector{path.filename().string()}) {
        const auto place = is_tree ? name : place_in_source(name, base.files);
        if (!may_change(place)) {
            collected.others.push_back(sanitize(name));
            continue;
        }
        const auto text = read_start(is_directory ? path / name : path, file_limit);
        if (text.size() == file_limit || collected.files.size() == most_files)
            throw failure("{}: too large, or too many files", sanitize(name));
        const auto copy = copies / std::to_string(collected.files.size());
        write_file(copy, text);
        collected.files.push_back({name, place, copy});
    }
    return collected;
}

Patch difference(const Collected& theirs, const Kernel& kernel, const Base& base) {
    Patch patch;
    for (const auto& file : theirs.files) {
        const auto original = kernel.source / file.path;
        const bool creates = !fs::exists(original);
        const auto old_name = creates ? "/dev/null" : file.path;
        const auto [ending, text, errors] =
            output_of({"diff", "-u", "--label", old_name, "--label", file.path,
                       creates ? old_name : original.string(), file.copy.string()},
                      std::chrono::minutes(1));
        if (ending.exited_with(1))
            patch.append(read_patch(text, "diff of " + sanitize(file.name), base.files));
    }
    return patch;
}

std::set<std::string> identifiers(const std::string& text) {
    static const Pattern word("[A-Za-z_][A-Za-z0-9_]{2,}");
    return word.all(text);
}

std::string added_lines(const Hunk& hunk) {
    std::string text;
    for (std::size_t at = 0; at < hunk.text.size();) {
        const auto end = std::min(hunk.text.find('\n', at), hunk.text.size());
        if (hunk.text[at] == '+') text += hunk.text.substr(at + 1, end - at);
        at = end + 1;
    }
    return text;
}

// All identifiers in the kernels' own sources.
std::set<std::string> known_identifiers(const Patch& patch, const Base& base) {
    std::set<std::string> known;
    for (const auto& kernel : base.kernels())
        for (const auto& change : patch.changes)
            if (fs::exists(kernel.source / change.path))
                known.merge(identifiers(read_start(kernel.source / change.path, file_limit)));
    return known;
}

} // namespace

Patch about_the_ledger(const Patch& patch, const Base& base) {
    static const Pattern leaf("0x4f{6}[c-f]", Pattern::Case::ignored);
    const auto known = known_identifiers(patch, base);
    std::set<std::string> names; // that only their changes have
    std::set<const Hunk*> kept;
    // Each hunk that is kept adds names, which may select more hunks.
    for (bool grows = true; grows;) {
        grows = false;
        for (const auto& change : patch.changes) {
            for (const auto& hunk : change.hunks) {
                if (kept.contains(&hunk)) continue;
                const auto added = added_lines(hunk);
                auto words = identifiers(added);
                std::erase_if(words, [&](const auto& word) { return known.contains(word); });
                if (!leaf.search(added) &&
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
    const TemporaryDirectory copies;
    const auto theirs = collect(path, is_tree, base, copies.path());
    Change change{{}, {}, true};
    const auto kernels = base.kernels();
    const Kernel* closest = nullptr;
    for (const auto& kernel : kernels) {
        auto patch = difference(theirs, kernel, base);
        if (closest && patch.text().size() >= change.patch.text().size()) continue;
        change.patch = std::move(patch);
        closest = &kernel;
    }
    if (closest != &kernels.front())
        change.notes.push_back(
            {"other-kernel",
             fmt::format("the closest kernel source is Linux {}: the diff against it is applied",
                         closest->name)});
    change.patch.refused.clear(); // a file that only the closest kernel has: its hunks do not apply
    if (is_tree)
        change.notes.push_back(
            {"left-out", "of the tree, KVM's C sources and headers are compared with the kernel's; what was "
                         "changed elsewhere, in a Makefile too, is not looked at"});
    const auto others = "none of KVM's C sources and headers: " + first_names(theirs.others);
    if (theirs.files.empty())
        change.patch.refused.push_back(
            {"refused", theirs.others.empty() ? "nothing of KVM's is in it" : others});
    else if (change.patch.changes.empty())
        change.patch.refused.push_back({"no-patch", "the files are those of the kernel: nothing is changed"});
    if (!theirs.files.empty() && !theirs.others.empty())
        change.notes.push_back({"left-out", "left out, as " + others});
    return change;
}

} // namespace exitaudit::grade
