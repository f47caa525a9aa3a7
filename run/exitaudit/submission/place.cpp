// Where added lines go.
#include "exitaudit/submission/place.hpp"

#include "exitaudit/submission/alignment.hpp"
#include "exitaudit/support/pattern.hpp"

#include <algorithm>
#include <span>

namespace exitaudit::grade {
namespace {

constexpr double least_context = 0.5; // of a hunk's lines before the change, by weight
// Of hunks together that patch(1) finds no place for: the time to find one grows with it.
constexpr std::size_t most_lines_to_place = 20000;
constexpr double rewritten_alike = 0.6; // of the words and signs of a line that another one replaces

// What is to be done with our lines.
class Edits {
public:
    explicit Edits(const CSource& ours) : ours_(ours) {}

    void insert(std::size_t before, const std::string& line, std::size_t origin) {
        inserted_[before].emplace_back(line, origin);
    }
    void remove(std::size_t line) { removed_.insert(line); }

    void write(PlacedFile& placed) const {
        std::size_t count = 0;
        const auto add = [&](const std::string& line) {
            placed.text += line + "\n";
            ++count;
        };
        for (std::size_t line = 0; line <= ours_.lines().size(); ++line) {
            if (const auto found = inserted_.find(line); found != inserted_.end())
                for (const auto& [text, origin] : found->second) {
                    add(text);
                    placed.origins[count] = origin + 1;
                }
            if (line < ours_.lines().size() && !removed_.contains(line)) add(ours_.lines()[line]);
        }
    }
private:
    const CSource& ours_;
    std::map<std::size_t, std::vector<std::pair<std::string, std::size_t>>> inserted_;
    std::set<std::size_t> removed_;
};

// Their lines between two that have a pair, and ours between these pairs, the ends not included.
struct Gap {
    std::vector<std::size_t> theirs;         // not blank
    std::size_t first = 0, end = 0;          // of ours
    bool has_start = false, has_end = false; // a pair before it, and behind
};

class Placer {
public:
    Placer(const ComparedFile& file, PlacedFile& placed) : file_(file), placed_(placed), edits_(file.ours) {}

    void operator()() {
        const auto& items = file_.theirs.items();
        for (auto item = items.begin(); item != items.end(); ++item) {
            const auto found = file_.counterparts.find(item->first);
            if (found != file_.counterparts.end())
                fill_gaps(*item, *found->second);
            else if (file_.kept[item->first] || file_.kept[item->last])
                add_item(item);
        }
        edits_.write(placed_);
    }
private:
    // Before the item of ours that the next of theirs is changed from.
    void add_item(std::vector<Item>::const_iterator item) {
        const auto next = std::find_if(item, file_.theirs.items().end(), [&](const Item& other) {
            return file_.counterparts.contains(other.first);
        });
        const auto before = next == file_.theirs.items().end() ? file_.ours.lines().size()
                                                               : file_.counterparts.at(next->first)->first;
        for (auto line = item->first; line <= item->last; ++line)
            edits_.insert(before, file_.theirs.lines()[line], line);
    }

    void fill_gaps(const Item& item, const Item& ours) {
        Gap gap{{}, ours.first, 0, false, false};
        for (auto line = item.first; line <= item.last; ++line) {
            if (const auto pair = file_.pairs[line]) {
                gap.end = *pair;
                gap.has_end = true;
                fill(gap);
                gap = {{}, *pair + 1, 0, true, false};
            } else if (!file_.theirs.code(line).empty()) {
                gap.theirs.push_back(line);
            }
        }
        gap.end = ours.last + 1;
        fill(gap);
    }

    // Run by run of lines that are kept.
    void fill(const Gap& gap) {
        auto from = gap.first; // ours before this are passed
        for (std::size_t start = 0; start < gap.theirs.size(); ++start) {
            auto end = start;
            while (end < gap.theirs.size() && file_.kept[gap.theirs[end]]) ++end;
            if (end == start) continue;
            const auto run = std::span(gap.theirs).subspan(start, end - start);
            if (gap.has_start || gap.has_end)
                place_run(run, gap, gap.has_start && (start <= gap.theirs.size() - end || !gap.has_end),
                          from);
            else
                for (const auto line : run) placed_.homeless.push_back(line + 1);
            start = end;
        }
    }

    // Lines that rewrite ours take their place, and the others stand round these; else at the gap's start or
    // end.
    void place_run(std::span<const std::size_t> run, const Gap& gap, bool at_start, std::size_t& from) {
        auto at = at_start ? from : gap.end;
        std::vector<std::size_t> waiting;
        const auto insert = [&](std::size_t line) { edits_.insert(at, file_.theirs.lines()[line], line); };
        bool rewrites = false;
        for (const auto line : run) {
            if (const auto ours = find_rewritten(line, from, gap.end)) {
                edits_.remove(*ours);
                at = *ours;
                for (const auto other : waiting) insert(other);
                waiting.clear();
                insert(line);
                from = at = *ours + 1;
                rewrites = true;
            } else if (rewrites) {
                insert(line);
            } else {
                waiting.push_back(line);
            }
        }
        for (const auto line : waiting) insert(line);
    }

    std::optional<std::size_t> find_rewritten(std::size_t line, std::size_t from, std::size_t end) const {
        for (auto ours = from; ours < end; ++ours)
            if (file_.ours.code(ours).size() > 2 &&
                similarity(file_.theirs.code(line), file_.ours.code(ours)) >= rewritten_alike)
                return ours;
        return std::nullopt;
    }

    const ComparedFile& file_;
    PlacedFile& placed_;
    Edits edits_;
};

// A hunk's lines, without the first character.
struct HunkLines {
    std::vector<std::string> before; // context, and what is removed
    std::vector<bool> removed;       // of these
    // Lines that are added: how many of `before` precede each, the text, the line in the hunk from 0.
    struct Added {
        std::size_t after;
        std::string text;
        std::size_t line;
    };
    std::vector<Added> added;
};

HunkLines split(const Hunk& hunk) {
    HunkLines split;
    const auto lines = lines_of(hunk.text);
    for (std::size_t at = 1; at < lines.size(); ++at) {
        const auto kind = lines[at].empty() ? ' ' : lines[at].front();
        const auto text = lines[at].substr(std::min<std::size_t>(1, lines[at].size()));
        if (kind == '+') {
            split.added.push_back({split.before.size(), text, at});
        } else if (kind == ' ' || kind == '-') {
            split.before.push_back(text);
            split.removed.push_back(kind == '-');
        }
    }
    return split;
}

// Where to look for a hunk's lines: in the function that its first line names, which diff takes from before
// the hunk; else where most of them are.
LineRange region_of(const Hunk& hunk, const HunkLines& lines, const CSource& ours) {
    static const Pattern function("@@.*@@.*[^A-Za-z_0-9]([A-Za-z_][A-Za-z_0-9]*) ?\\(");
    const auto last = ours.lines().size() - 1;
    const auto margin = lines.before.size() + 3;
    LineRange best{0, last};
    double most = 0;
    const auto try_region = [&](std::size_t first, std::size_t end) {
        const LineRange region{first, std::min(end, last)};
        const auto share =
            share_found(lines.before, std::span(ours.lines()).subspan(first, region.last - first + 1));
        if (share > most) best = region, most = share;
    };
    if (const auto named = function.search(hunk.text.substr(0, hunk.text.find('\n'))))
        for (const auto& name : {named->at(1), "__" + named->at(1)})
            if (const auto* item = ours.find(name)) try_region(item->first, item->last + margin);
    if (most < least_context)
        for (std::size_t first = 0; first <= last; first += margin) try_region(first, first + 3 * margin);
    return best;
}

// What a line may have become in ours, between the lines that have a pair.
std::optional<std::size_t> similar_line(const std::string& line,
                                        const std::vector<std::optional<std::size_t>>& pairs, std::size_t at,
                                        std::span<const std::string> ours) {
    auto from = at, to = at;
    while (from > 0 && !pairs[from - 1]) --from;
    while (to < pairs.size() && !pairs[to]) ++to;
    const auto end = to < pairs.size() ? *pairs[to] : ours.size();
    for (auto i = from > 0 ? *pairs[from - 1] + 1 : 0; i < end; ++i)
        if (similarity(line, ours[i]) >= rewritten_alike) return i;
    return std::nullopt;
}

// False if there is no place for it.
bool place_hunk(const Hunk& hunk, const CSource& ours, Edits& edits) {
    const auto lines = split(hunk);
    const auto region = region_of(hunk, lines, ours);
    const auto text = std::span(ours.lines()).subspan(region.first, region.last - region.first + 1);
    if (share_found(lines.before, text) < least_context) return false;
    const auto pairs = align(lines.before, text);
    std::vector<std::size_t> removed;
    for (std::size_t i = 0; i < pairs.size(); ++i) {
        if (!lines.removed[i] || squeezed(lines.before[i]).empty()) continue;
        // Else it is a diff against something else.
        const auto line = pairs[i] ? pairs[i] : similar_line(lines.before[i], pairs, i, text);
        if (!line) return false;
        removed.push_back(region.first + *line);
    }
    for (const auto line : removed) edits.remove(line);
    for (const auto& added : lines.added) {
        std::size_t back = 0, on = 0;
        while (back < added.after && !pairs[added.after - 1 - back]) ++back;
        while (added.after + on < pairs.size() && !pairs[added.after + on]) ++on;
        const bool has_back = back < added.after, has_on = added.after + on < pairs.size();
        const auto at = has_back && (back <= on || !has_on) ? *pairs[added.after - 1 - back] + 1
                                                            : *pairs[added.after + on];
        edits.insert(region.first + at, added.text, hunk.line - 1 + added.line);
    }
    return true;
}

} // namespace

PlacedFile place_kept_lines(const ComparedFile& file) {
    PlacedFile placed{file.path, {}, {}, {}};
    Placer(file, placed)();
    return placed;
}

PlacedFile place_hunks(const FileChange& change, const CSource& ours) {
    PlacedFile placed{change.path, {}, {}, {}};
    Edits edits(ours);
    std::size_t lines = 0;
    for (const auto& hunk : change.hunks) {
        lines += static_cast<std::size_t>(std::ranges::count(hunk.text, '\n'));
        if (ours.lines().empty() || lines > most_lines_to_place || !place_hunk(hunk, ours, edits))
            placed.homeless.push_back(hunk.line);
    }
    edits.write(placed);
    return placed;
}

} // namespace exitaudit::grade
