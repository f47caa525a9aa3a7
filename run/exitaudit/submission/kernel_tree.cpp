// Finds with git what was changed in a repository.
#include "exitaudit/submission/submission.hpp"

#include "exitaudit/submission/ledger_lines.hpp"
#include "exitaudit/support/refused.hpp"
#include "exitaudit/support/words.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <sstream>

namespace exitaudit::grade {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t most_new_files = 100, most_text = 16 << 20;

// A repository can name programs that git runs, so git runs in the sandbox, too. A kernel's takes GiB, which
// no disk of an emulated machine gets.
class Git {
public:
    Git(const fs::path& tree, const fs::path& scripts)
        : command_{"env",
                   "EXITAUDIT_SANDBOX=bubblewrap",
                   (scripts / "sandbox").string(),
                   "--seconds",
                   "110",
                   "--ro-bind",
                   fs::absolute(tree).string(),
                   "/in/tree"} {
        // Without these limits a pack is mapped by the GiB, which is more than the sandbox gives.
        append(command_, words("-- git -c safe.directory=* -c core.fsmonitor=false -c core.pager=cat "
                               "-c core.packedGitWindowSize=32m -c core.packedGitLimit=256m -C /in/tree"));
    }

    // Empty if git fails; errors() says why.
    std::string operator()(const Words& words) {
        auto command = command_;
        append(command, words);
        auto [ending, text, errors] = output_of(command, std::chrono::minutes(2));
        ending_ = ending;
        errors_ = errors;
        if (ending_.exited_with(125)) throw Error(this->errors());
        if (ending_.exited_with(124) || ending_.how == Ending::How::timed_out)
            throw Error(fmt::format("git {} takes longer than 110 s in it", words.front()));
        return ending_.exited_with(0) || ending_.exited_with(1) ? text : std::string(); // 1: files differ
    }

    const Ending& ending() const { return ending_; }
    std::string errors() const { return sanitize(errors_.substr(0, errors_.find('\n'))); }
private:
    Words command_;
    Ending ending_;
    std::string errors_;
};

// What git needs outside of the tree, which the sandbox does not show; empty: nothing.
std::string_view outside(const fs::path& tree) {
    std::error_code ignored; // git reports what cannot be read
    if (fs::symlink_status(tree / ".git", ignored).type() != fs::file_type::directory)
        return "it is a worktree of a repository elsewhere";
    if (fs::exists(tree / ".git/objects/info/alternates", ignored))
        return "it borrows objects from a repository elsewhere";
    return {};
}

std::string first_line(const std::string& text) { return text.substr(0, text.find('\n')); }

// Where `tip` left the default branch of the repository that this is a clone of, or of this one. Empty if it
// did not, or if that branch answers the leaves already: an earlier assignment, which does not stand alone.
std::string branching_point(Git& git, const std::string& tip) {
    const auto commit = [&](const std::string& name) {
        return first_line(git({"rev-parse", "--verify", "--quiet", name + "^{commit}"}));
    };
    for (const auto* branch : {"refs/remotes/origin/HEAD", "refs/remotes/origin/main",
                               "refs/remotes/origin/master", "refs/heads/main", "refs/heads/master"}) {
        if (commit(branch).empty()) continue;
        const auto point = first_line(git({"merge-base", branch, tip}));
        if (point.empty() || point == commit(tip)) continue;
        const auto leaves = git({"grep", "-liE", "0x4ffffff[cde]", point, "--", "arch/x86/kvm"});
        return leaves.empty() ? point : "";
    }
    return {};
}

// The release that the tree is based on, or the branching point if that is later; else the first commit,
// which a shallow clone does not have.
std::string start_of(Git& git, const std::string& tip, bool is_shallow) {
    // v6.1, v6.1.3, v6.12-rc3; but not v2 or v6.1-exits.
    auto describe = words("describe --tags --abbrev=0 --match v[2-9].[0-9]* --match v[1-9][0-9].[0-9]* "
                          "--exclude v*[!0-9.rc-]* --exclude v*-[!r]*");
    describe.push_back(tip);
    const auto release = first_line(git(describe));
    if (const auto point = branching_point(git, tip); !point.empty()) {
        if (!release.empty()) git({"merge-base", "--is-ancestor", release, point});
        if (release.empty() || git.ending().exited_with(0)) return point;
    }
    return release.empty() && !is_shallow ? first_line(git({"rev-list", "--max-parents=0", tip, "--"}))
                                          : release;
}

// What git diff does not show: KVM's files that were never added.
std::string new_files(Git& git) {
    std::istringstream names(git({"ls-files", "--others", "--exclude-standard"}));
    std::string text;
    std::size_t count = 0;
    for (std::string name; std::getline(names, name);) {
        if (!may_change(name)) continue;
        if (++count > most_new_files)
            throw Refused(
                fmt::format("more than {} files of KVM's were never added (git add)", most_new_files));
        text += git(
            {"diff", "--no-index", "--no-ext-diff", "--no-textconv", "--no-color", "--", "/dev/null", name});
    }
    return text;
}

} // namespace

void check_branch(const Submission& submission, const fs::path& scripts) {
    std::error_code ignored;
    if (submission.branch.empty() || !fs::exists(submission.path / ".git", ignored) ||
        !outside(submission.path).empty())
        return;
    Git git(submission.path, scripts);
    try {
        git({"rev-parse", "--verify", "--quiet", submission.branch + "^{commit}"});
    } catch (const Error&) { // its row says why
        return;
    }
    if (git.ending().exited_with(1))
        throw usage_error("no branch or commit {} in {}", sanitize(submission.branch),
                          submission.path.string());
}

void find_commits(Submission& submission, const fs::path& scripts) {
    const auto& tree = submission.path;
    std::error_code ignored;
    if (submission.branch.empty() || !fs::exists(tree / ".git", ignored) || !outside(tree).empty()) return;
    Git git(tree, scripts);
    const auto commit = [&](const std::string& name) {
        return first_line(git({"rev-parse", "--verify", "--quiet", name + "^{commit}"}));
    };
    const auto start = start_of(git, submission.branch, fs::exists(tree / ".git/shallow", ignored));
    if (start.empty()) return;
    const auto first = commit(start);
    const auto files =
        git({"ls-tree", "--name-only", first, "--", "Kbuild", "Makefile", "arch/x86/kvm/x86.c"});
    if (std::ranges::count(files, '\n') != 3) return;
    submission.start = first;
    submission.tip = commit(submission.branch);
}

Change kernel_branch(const Submission& submission, const Base& base) {
    Git git(submission.path, base.scripts);
    const auto since = sanitize(submission.start, 40);
    auto diff = words("diff --no-ext-diff --no-textconv --no-renames --no-color");
    append(diff, {submission.start, submission.tip, "--name-only"});
    std::istringstream lines(git(diff));
    std::set<std::string> names;
    for (std::string line; std::getline(lines, line);) names.insert(line);
    Change change;
    if (names.empty()) {
        change.refused = {{"no-patch", fmt::format("nothing was changed since {}", since)}};
        return change;
    }
    diff.back() = "--";
    append(diff, words("arch/x86/kvm arch/x86/include include virt/kvm"));
    const auto text = git(diff);
    if (!git.ending().exited_with(0))
        throw failure("git cannot compare {}: {}", submission.name, git.errors());
    if (text.size() >= most_text)
        throw Refused(fmt::format("{} differs too much from {}", sanitize(submission.branch), since));
    auto patch =
        read_patch(text, fmt::format("git diff {}..{}", since, sanitize(submission.branch, 80)), base.files);
    patch.refused = patch.notes = {}; // all of it is compiled, whatever it changes
    // What was taken for a file of KVM's by its last name.
    std::erase_if(patch.changes, [&](const auto& file) { return !names.contains(file.path); });
    change = change_by_patch(std::move(patch), base);
    change.attempts.resize(1);
    change.has_ledger = has_leaf(added_text({0, text}));
    change.notes.push_back({"git-base", fmt::format("what was changed since {}", since)});
    return change;
}

Change kernel_tree(const fs::path& tree, const std::string& branch, const Base& base) {
    if (!fs::exists(fs::symlink_status(tree / ".git"))) {
        if (!branch.empty())
            throw failure("{} is no git repository, and so has no branch {}", tree.string(),
                          sanitize(branch));
        return whole_files(tree, true, base);
    }
    const auto without_git = [&](std::string_view why) {
        auto change = whole_files(tree, true, base);
        change.notes.push_back({"git-base", fmt::format("{}: KVM's whole files are taken instead", why)});
        return change;
    };
    if (base.emulated && branch.empty()) return without_git("git needs bubblewrap");
    if (const auto why = outside(tree); !why.empty())
        throw failure(
            "{}: {}, which the sandbox does not show to git: hand in what `git diff` writes there, as a "
            "patch, or that repository with #BRANCH",
            tree.string(), why);
    Git git(tree, base.scripts);
    const bool is_shallow = fs::exists(tree / ".git/shallow");
    const auto start = start_of(git, branch.empty() ? "HEAD" : branch, is_shallow);
    if (start.empty() && branch.empty())
        return without_git(is_shallow
                               ? "the clone is shallow (git clone --depth), and has no release"
                               : fmt::format("no commit HEAD is in the repository ({})", git.errors()));
    if (start.empty())
        throw failure("no release is before {} in {}: {}", sanitize(branch), tree.string(),
                      is_shallow ? "the clone is shallow (git clone --depth)" : git.errors());
    auto diff = words("diff --no-ext-diff --no-textconv --no-renames --no-color {}", start);
    if (!branch.empty()) diff.push_back(branch);
    diff.push_back("--");
    auto text = git(diff);
    if (text.empty() && !git.ending().exited_with(0))
        throw failure("git cannot compare {}: {}", tree.string(), git.errors());
    if (branch.empty()) text += new_files(git);
    if (text.size() >= most_text)
        throw Refused(fmt::format("{} differs too much from {}",
                                  sanitize(branch.empty() ? tree.string() : branch), sanitize(start)));
    auto patch = read_patch(
        text, fmt::format("git diff {}..{}", sanitize(start, 40), sanitize(branch.empty() ? "" : branch, 80)),
        base.files);
    auto change = change_by_patch(std::move(patch), base);
    if (text.empty())
        change.refused = {{"no-patch", fmt::format("nothing was changed since {}", sanitize(start, 40))}};
    else
        change.notes.push_back({"git-base", fmt::format("what was changed since {}", sanitize(start, 40))});
    return change;
}

} // namespace exitaudit::grade
