// Patched files with line numbers as handed in.
#include "exitaudit/reading/source.hpp"

#include "exitaudit/support/pattern.hpp"

#include <algorithm>

namespace exitaudit::grade {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t source_limit = 4 << 20;

// The origins that lines of `before` had, in `after`, which has these lines in order, some left out, and
// those of `after.origins` between them.
void keep_origins(const PlacedFile& before, PlacedFile& after) {
    const auto old = lines_of(before.text), now = lines_of(after.text);
    std::size_t at = 0;
    for (std::size_t line = 1; line <= now.size(); ++line) {
        if (after.origins.contains(line)) continue;
        while (at < old.size() && old[at] != now[line - 1]) ++at;
        if (const auto origin = before.origins.find(++at); origin != before.origins.end())
            after.origins[line] = origin->second;
    }
}

PlacedFile new_file(const FileChange& change) {
    PlacedFile file{change.path, {}, {}, {}};
    std::size_t count = 0;
    for (const auto& hunk : change.hunks)
        for (const auto& line : lines_of(hunk.text))
            if (line.starts_with('+')) {
                file.text += line.substr(1) + "\n";
                ++count;
                file.origins[count] = count;
            }
    return file;
}

PlacedFile changed_file(const FileChange& change, const std::string& text) {
    auto file = place_hunks(change, CSource(text));
    std::map<std::size_t, std::size_t> numbers;
    for (const auto& hunk : change.hunks) numbers.merge(lines_after(hunk));
    for (auto& [line, origin] : file.origins) origin = numbers[origin];
    return file;
}

} // namespace

std::map<std::size_t, std::size_t> lines_after(const Hunk& hunk) {
    static const Pattern header("@@ -[0-9,]+ \\+([0-9]{1,9})[ ,].*");
    const auto lines = lines_of(hunk.text);
    std::map<std::size_t, std::size_t> numbers;
    const auto found = lines.empty() ? std::nullopt : header.match(lines.front());
    if (!found) return numbers;
    auto number = std::stoul(found->at(1));
    for (std::size_t at = 1; at < lines.size(); ++at)
        if (!lines[at].starts_with('-') && !lines[at].starts_with('\\')) numbers[hunk.line + at] = number++;
    return numbers;
}

std::optional<std::vector<PlacedFile>> patched_files(const Patch& patch, const Base& base) {
    std::vector<PlacedFile> files;
    for (const auto& change : patch.changes) {
        const auto known = std::ranges::find(files, change.path, &PlacedFile::path);
        const auto original = base.source() / change.path;
        if (known == files.end() && (change.creates || !fs::exists(original))) {
            files.push_back(new_file(change));
            continue;
        }
        const auto before = known == files.end()
                                ? PlacedFile{change.path, read_start(original, source_limit), {}, {}}
                                : *known;
        auto after = changed_file(change, before.text);
        if (!after.homeless.empty()) return std::nullopt;
        keep_origins(before, after);
        if (known == files.end())
            files.push_back(std::move(after));
        else
            *known = std::move(after);
    }
    return files;
}

std::string changed_items(const PlacedFile& file) {
    const CSource source(file.text);
    std::vector<bool> kept(source.lines().size());
    for (const auto& item : source.items()) {
        const auto added = file.origins.lower_bound(item.first + 1);
        if (added != file.origins.end() && added->first <= item.last + 1)
            std::fill(kept.begin() + static_cast<std::ptrdiff_t>(item.first),
                      kept.begin() + static_cast<std::ptrdiff_t>(item.last) + 1, true);
    }
    std::string text;
    for (std::size_t line = 0; line < kept.size(); ++line)
        text += (kept[line] ? source.lines()[line] : "") + "\n";
    return text;
}

} // namespace exitaudit::grade
