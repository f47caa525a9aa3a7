// Pairing the lines of a file with those of another kernel's.
#include "exitaudit/submission/alignment.hpp"
#include "exitaudit/submission/ledger_lines.hpp"

#include <algorithm>

namespace exitaudit::grade {
namespace {

// A function that another kernel calls otherwise has at least this much of its text.
constexpr double least_share = 0.4;

std::span<const std::string> text_of(const CSource& source, const Item& item) {
    return std::span(source.lines()).subspan(item.first, item.last - item.first + 1);
}

// A later kernel wraps a function, whose text goes on with two underscores before its name.
const Item* counterpart_by_name(const ComparedFile& file, const Item& item) {
    const auto* same = file.ours.find(item.key);
    const auto* inner = item.has_body ? file.ours.find("__" + item.key) : nullptr;
    if (!inner || file.theirs.find(inner->key)) return same;
    const auto share = [&](const Item* ours) {
        return ours ? share_found(text_of(file.theirs, item), text_of(file.ours, *ours)) : -1;
    };
    return share(inner) > share(same) ? inner : same;
}

// How much of ours is in theirs.
double share_of(const ComparedFile& file, const Item& ours, const Item& theirs) {
    return share_found(text_of(file.ours, ours), text_of(file.theirs, theirs));
}

// Has this function of theirs only the name of ours, whose text is in another that ours lacks? So somebody
// does who renames a function, and puts one round it that has its name.
bool only_has_name(const ComparedFile& file, const Item& item, const Item& ours) {
    if (!item.has_body || !ours.has_body || share_of(file, ours, item) >= least_share) return false;
    const auto has_text = [&](const Item& other) {
        return other.has_body && !file.ours.find(other.key) && share_of(file, ours, other) > least_share;
    };
    return std::ranges::any_of(file.theirs.items(), has_text);
}

const Item* counterpart_by_text(const ComparedFile& file, const Item& item) {
    const Item* best = nullptr;
    double most = least_share;
    for (const auto& ours : file.ours.items()) {
        const auto* same = file.theirs.find(ours.key);
        if (!ours.has_body || (same && !only_has_name(file, *same, ours))) continue;
        const auto share = share_of(file, ours, item);
        if (share > most) best = &ours, most = share;
    }
    return best;
}

} // namespace

void pair_lines(ComparedFile& file) {
    file.pairs.assign(file.theirs.lines().size(), std::nullopt);
    for (const auto& item : file.theirs.items()) {
        const auto* ours = counterpart_by_name(file, item);
        if (ours && only_has_name(file, item, *ours)) continue;
        if (!ours && item.has_body && item.last - item.first > 5) ours = counterpart_by_text(file, item);
        if (!ours) continue;
        file.counterparts[item.first] = ours;
        const auto pairs = align(text_of(file.theirs, item), text_of(file.ours, *ours));
        for (std::size_t i = 0; i < pairs.size(); ++i)
            if (pairs[i]) file.pairs[item.first + i] = ours->first + *pairs[i];
    }
}

} // namespace exitaudit::grade
