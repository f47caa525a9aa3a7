// Several patches of one person, and patches against files that were changed before.
#include "exitaudit/submission/submission.hpp"

#include "exitaudit/support/file.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace exitaudit::grade {
namespace {

namespace fs = std::filesystem;

using Lines = std::vector<std::string>;

constexpr std::size_t most_to_sort = 50;

// The hunk's lines of one side: without those that only the other has.
Lines side(const Hunk& hunk, char other) {
    Lines lines;
    for (const auto& line : lines_of(hunk.text.substr(hunk.text.find('\n') + 1)))
        if (!line.empty() && line.front() != other && line.front() != '\\') lines.push_back(line.substr(1));
    return lines;
}

// The kernel's files as the patches so far leave them.
class Trial {
public:
    explicit Trial(const fs::path& source) : source_(source) {}

    // False, and nothing is changed, if the patch is refused or a hunk does not fit exactly.
    bool apply(const Patch& patch) {
        if (!patch.refused.empty()) return false;
        auto files = files_;
        for (const auto& change : patch.changes) {
            auto [file, is_new] = files.try_emplace(change.path);
            if (is_new && fs::exists(source_ / change.path))
                file->second = lines_of(read_file(source_ / change.path));
            if (change.creates && !file->second.empty()) return false;
            auto from = file->second.begin();
            for (const auto& hunk : change.hunks) {
                const auto before = side(hunk, '+'), after = side(hunk, '-');
                from = std::search(from, file->second.end(), before.begin(), before.end());
                if (from == file->second.end() && !before.empty()) return false;
                from = file->second.erase(from, from + std::ssize(before));
                from = file->second.insert(from, after.begin(), after.end()) + std::ssize(after);
            }
        }
        files_ = std::move(files);
        return true;
    }
private:
    fs::path source_;
    std::map<std::string, Lines> files_;
};

std::set<std::string> known_lines(const fs::path& path) {
    std::set<std::string> lines;
    if (fs::exists(path)) std::ranges::move(lines_of(read_file(path)), std::inserter(lines, lines.end()));
    return lines;
}

// The first line that the hunk expects and the kernel's file has nowhere; empty: none.
std::string unknown_line(const Hunk& hunk, const std::set<std::string>& known) {
    for (const auto& line : side(hunk, '+'))
        if (line.find_first_not_of(" \t{}*/") != std::string::npos && !known.contains(line)) return line;
    return {};
}

} // namespace

Patch in_order(std::vector<Patch> patches, const Base& base) {
    Patch series;
    Trial trial(base.source());
    const bool is_too_long = patches.size() > most_to_sort;
    while (!patches.empty()) {
        auto next = is_too_long
                        ? patches.begin()
                        : std::ranges::find_if(patches, [&](const auto& p) { return trial.apply(p); });
        if (next == patches.end()) { // what does not apply is reported by hunk
            next = patches.begin();
            if (!series.changes.empty() && Trial(base.source()).apply(*next))
                series.notes.push_back(
                    {"applies-alone",
                     fmt::format("{} applies to the kernel, but not beside the patches before "
                                 "it: if it has their changes, too, hand it in alone",
                                 next->changes.front().source)});
        }
        series.append(std::move(*next));
        patches.erase(next);
    }
    return series;
}

std::optional<Finding> not_the_kernels(const std::vector<FileChange>& rejected, const Base& base) {
    const auto kernels = base.kernels();
    std::string names;
    for (const auto& kernel : kernels) (names += names.empty() ? "" : ", ") += kernel.name;
    for (const auto& change : rejected) {
        std::vector<std::set<std::string>> sources;
        for (const auto& kernel : kernels) sources.push_back(known_lines(kernel.source / change.path));
        for (const auto& hunk : change.hunks) {
            const auto is_unknown = [&](const auto& source) { return !unknown_line(hunk, source).empty(); };
            if (!std::ranges::all_of(sources, is_unknown)) continue;
            return Finding{
                "not-the-kernels",
                fmt::format(
                    "{} line {} expects \"{}\" in {}, which no kernel source here has ({}): the patch "
                    "was made against a file that had been changed, perhaps by an earlier version of "
                    "it: hand in the whole difference from the kernel, or both patches in a directory",
                    change.source, hunk.line, sanitize(unknown_line(hunk, sources.front()), 80), change.path,
                    names)};
        }
    }
    return std::nullopt;
}

} // namespace exitaudit::grade
