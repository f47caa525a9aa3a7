// Finding what somebody has changed, by diff(1) and git.
#include "whole_files.hpp"

#include "exit_code.hpp"
#include "report.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <regex>

namespace exitaudit::grade {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t file_limit = 2 << 20, most_files = 300, diff_limit = 16 << 20;
constexpr auto step_limit = std::chrono::seconds(60);

std::string output_of(const std::vector<std::string>& words, Ending& ending, std::string* errors = nullptr)
{
    std::string text;
    Watcher watcher;
    watcher.out = [&](std::string_view bytes) { text += bytes.substr(0, diff_limit - std::min(diff_limit, text.size())); };
    if (errors)
        watcher.err = [&](std::string_view bytes) {
            *errors += bytes.substr(0, diff_limit - std::min(diff_limit, errors->size()));
        };
    ending = run_step(words, step_limit, watcher);
    return text;
}

// Kernels of which the source is there: the base's first.
struct Kernel {
    std::string name;
    fs::path source;
};

std::vector<Kernel> kernels(const Base& base)
{
    std::vector<Kernel> kernels{{base.directory.filename().string(), base.source()}};
    for (const auto& entry : fs::directory_iterator(base.directory.parent_path()))
        if (entry.path() != base.directory && fs::exists(entry.path() / "versions"))
            kernels.push_back({entry.path().filename().string(), entry.path() / "source"});
    return kernels;
}

// A submitted file, copied to where no symbolic link of theirs leads.
struct Theirs {
    std::string name, path; // where it belongs in the source
    fs::path copy;
};

struct Collected {
    std::vector<Theirs> files;
    std::vector<Remark> refused;
};

Collected collect(const fs::path& path, const Base& base, const fs::path& copies)
{
    Collected collected;
    const auto take = [&](const fs::path& file, const std::string& name) {
        const auto place = place_in_source(name, base.files);
        if (!may_change(place)) {
            collected.refused.push_back({"refused", fmt::format("{} is none of KVM's C sources and headers", tame(name))});
            return;
        }
        const auto text = read_start(file, file_limit);
        if (text.size() == file_limit || collected.files.size() == most_files)
            throw Error(fmt::format("{}: too large, or too many files", tame(name)));
        const auto copy = copies / std::to_string(collected.files.size());
        write_file(copy, text);
        collected.files.push_back({name, place, copy});
    };
    if (fs::is_regular_file(path)) {
        take(path, path.filename().string());
        return collected;
    }
    for (const auto& entry : fs::recursive_directory_iterator(path, fs::directory_options::skip_permission_denied))
        if (const auto extension = entry.path().extension(); extension == ".c" || extension == ".h")
            take(entry.path(), fs::relative(entry.path(), path).string());
    return collected;
}

Patch difference(const Collected& theirs, const Kernel& kernel, const Base& base)
{
    Patch patch;
    for (const auto& file : theirs.files) {
        const auto original = kernel.source / file.path;
        const bool creates = !fs::exists(original);
        Ending ending;
        const auto text = output_of({"diff", "-u", "--label", creates ? "/dev/null" : file.path, "--label", file.path,
                                     creates ? "/dev/null" : original.string(), file.copy.string()},
                                    ending);
        if (ending.exited_with(1))
            patch.append(read_patch(text, "diff of " + tame(file.name), base.files));
    }
    return patch;
}

std::size_t hunks_of(const Patch& patch)
{
    std::size_t hunks = 0;
    for (const auto& change : patch.changes)
        hunks += change.hunks.size();
    return hunks;
}

std::set<std::string> identifiers(const std::string& text)
{
    static const std::regex word("[A-Za-z_][A-Za-z0-9_]{2,}");
    return {std::sregex_token_iterator(text.begin(), text.end(), word), std::sregex_token_iterator()};
}

std::string added_lines(const Hunk& hunk)
{
    std::string text;
    for (std::size_t at = 0; at < hunk.text.size();) {
        const auto end = std::min(hunk.text.find('\n', at), hunk.text.size());
        if (hunk.text[at] == '+')
            text += hunk.text.substr(at + 1, end - at);
        at = end + 1;
    }
    return text;
}

// Every name that some kernel's own source has.
std::set<std::string> known_identifiers(const Patch& patch, const Base& base)
{
    std::set<std::string> known;
    for (const auto& kernel : kernels(base))
        for (const auto& change : patch.changes)
            if (fs::exists(kernel.source / change.path))
                known.merge(identifiers(read_start(kernel.source / change.path, file_limit)));
    return known;
}

std::vector<std::string> git_command(const fs::path& tree, const Base& base)
{
    // A repository names programs for git to run: they run where a compiler may, too.
    return {(base.scripts / "sandbox").string(),
            "--seconds",
            "50",
            "--ro-bind",
            fs::absolute(tree).string(),
            "/in/tree",
            "--",
            "git",
            "-c",
            "safe.directory=*",
            "-c",
            "core.fsmonitor=false",
            "-c",
            "core.pager=cat",
            "-C",
            "/in/tree"};
}

std::string first_line(const std::string& text)
{
    return text.substr(0, text.find('\n'));
}

} // namespace

Patch about_the_ledger(const Patch& patch, const Base& base)
{
    static const std::regex leaf("0x4f{6}[c-f]", std::regex::icase);
    const auto known = known_identifiers(patch, base);
    std::set<std::string> names; // that only their changes have
    std::set<const Hunk*> kept;
    // Each hunk that is kept brings names along, by which others are.
    for (bool grows = true; grows;) {
        grows = false;
        for (const auto& change : patch.changes) {
            for (const auto& hunk : change.hunks) {
                if (kept.contains(&hunk))
                    continue;
                const auto added = added_lines(hunk);
                auto words = identifiers(added);
                std::erase_if(words, [&](const auto& word) { return known.contains(word); });
                if (!std::regex_search(added, leaf) &&
                    std::none_of(words.begin(), words.end(), [&](const auto& w) { return names.contains(w); }))
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
        std::copy_if(change.hunks.begin(), change.hunks.end(), std::back_inserter(part.hunks),
                     [&](const Hunk& h) { return kept.contains(&h); });
        if (!part.hunks.empty())
            result.changes.push_back(std::move(part));
    }
    return result;
}

Change whole_files(const fs::path& path, const Base& base)
{
    const TemporaryDirectory copies;
    const auto theirs = collect(path, base, copies.path());
    Change change{{}, {}, true};
    const auto all = kernels(base);
    const Kernel* nearest = nullptr;
    for (const auto& kernel : all) {
        auto patch = difference(theirs, kernel, base);
        if (nearest && patch.text().size() >= change.patch.text().size())
            continue;
        change.patch = std::move(patch);
        nearest = &kernel;
    }
    if (nearest != &all.front())
        change.notes.push_back(
            {"other-kernel",
             fmt::format("the files are nearest to Linux {}'s: what differs from those is carried over", nearest->name)});
    change.patch.refused = theirs.refused;
    if (hunks_of(change.patch) == 0 && change.patch.refused.empty())
        change.patch.refused.push_back({"no-patch", "the files are those of the kernel: nothing is changed"});
    return change;
}

Change kernel_tree(const fs::path& tree, const std::string& branch, const Base& base)
{
    if (!fs::exists(tree / ".git")) {
        if (!branch.empty())
            throw Error(fmt::format("{} is no git repository, and so has no branch {}", tree.string(), tame(branch)));
        return whole_files(tree, base);
    }
    const auto git = git_command(tree, base);
    const auto run = [&](std::vector<std::string> words, std::string& errors) {
        auto command = git;
        command.insert(command.end(), words.begin(), words.end());
        Ending ending;
        auto text = output_of(command, ending, &errors);
        if (ending.exited_with(125))
            throw Error(tame(errors, 1000));
        return ending.exited_with(0) ? text : std::string();
    };
    const auto tip = branch.empty() ? "HEAD" : branch;
    std::string errors;
    // A release, else the first commit, by which a source was imported.
    auto start = first_line(run({"describe", "--tags", "--abbrev=0", "--match", "v[0-9]*", tip}, errors));
    if (start.empty())
        start = first_line(run({"rev-list", "--max-parents=0", tip, "--"}, errors));
    if (start.empty())
        throw Error(fmt::format("git finds no commit {} in {}: {}", tame(tip), tree.string(), tame(first_line(errors))));
    std::vector<std::string> diff{"diff", "--no-ext-diff", "--no-textconv", "--no-renames", "--no-color", start};
    if (!branch.empty())
        diff.push_back(branch);
    diff.push_back("--");
    errors.clear();
    const auto text = run(diff, errors);
    if (text.empty() && !errors.empty())
        throw Error(fmt::format("git cannot tell what differs in {}: {}", tree.string(), tame(first_line(errors))));
    if (text.size() >= diff_limit)
        throw Error(fmt::format("{} differs too much from {}", tame(tip), tame(start)));
    Change change{
        read_patch(text, fmt::format("git diff {}..{}", tame(start, 40), tame(branch.empty() ? "" : branch, 80)), base.files),
        {},
        false};
    if (text.empty())
        change.patch.refused = {{"no-patch", fmt::format("nothing was changed since {}", tame(start, 40))}};
    else
        change.notes.push_back({"git-base", fmt::format("what was changed since {}", tame(start, 40))});
    return change;
}

} // namespace exitaudit::grade
