// The longest common subsequence of lines, by weight.
#include "exitaudit/submission/alignment.hpp"

#include "exitaudit/submission/c_source.hpp"

#include <algorithm>
#include <cctype>

namespace exitaudit::grade {
namespace {

constexpr std::size_t most_pairs = 8'000'000;
constexpr unsigned neighbours = 3; // what it adds that the lines before are a pair, too

using Lines = std::vector<std::string>;

Lines squeezed_lines(std::span<const std::string> lines) {
    Lines result;
    for (const auto& line : lines) result.push_back(squeezed(line));
    return result;
}

unsigned weight(const std::string& line) {
    return line.empty()      ? 0
           : line.size() < 3 ? 1
                             : 2 + static_cast<unsigned>(std::min<std::size_t>(line.size(), 60)) / 4;
}

// A row for each of their lines: the best weight of pairs up to here, and of those that end with a pair here.
struct Cell {
    unsigned best = 0, pair = 0;
};

std::vector<std::vector<Cell>> weights(const Lines& theirs, const Lines& ours) {
    std::vector cells(theirs.size() + 1, std::vector<Cell>(ours.size() + 1));
    for (std::size_t i = 1; i <= theirs.size(); ++i) {
        for (std::size_t j = 1; j <= ours.size(); ++j) {
            auto& cell = cells[i][j];
            const auto& before = cells[i - 1][j - 1];
            if (theirs[i - 1] == ours[j - 1])
                cell.pair =
                    weight(theirs[i - 1]) + std::max(before.best, before.pair ? before.pair + neighbours : 0);
            cell.best = std::max({cell.pair, cells[i - 1][j].best, cells[i][j - 1].best});
        }
    }
    return cells;
}

// Words, and single signs.
Lines tokens(const std::string& text) {
    const auto is_of_word = [](char c) { return std::isalnum(static_cast<unsigned char>(c)) || c == '_'; };
    Lines result;
    for (auto at = text.begin(); at != text.end();) {
        const auto end = is_of_word(*at) ? std::find_if_not(at, text.end(), is_of_word) : at + 1;
        if (!std::isspace(static_cast<unsigned char>(*at))) result.emplace_back(at, end);
        at = end;
    }
    return result;
}

std::size_t common(const Lines& one, const Lines& other) {
    std::vector<std::size_t> row(other.size() + 1);
    for (const auto& token : one) {
        std::size_t diagonal = 0;
        for (std::size_t j = 1; j <= other.size(); ++j) {
            const auto above = row[j];
            row[j] = token == other[j - 1] ? diagonal + 1 : std::max(above, row[j - 1]);
            diagonal = above;
        }
    }
    return row.back();
}

} // namespace

std::vector<std::optional<std::size_t>> align(std::span<const std::string> theirs,
                                              std::span<const std::string> ours) {
    std::vector<std::optional<std::size_t>> pairs(theirs.size());
    if (theirs.empty() || ours.empty() || theirs.size() > most_pairs / ours.size()) return pairs;
    const auto cells = weights(squeezed_lines(theirs), squeezed_lines(ours));
    auto i = theirs.size(), j = ours.size();
    bool ends_here = false; // the next pair is to be the neighbour of the last one
    while (i > 0 && j > 0) {
        const auto& cell = cells[i][j];
        if (cell.pair && (ends_here || cell.pair == cell.best)) {
            pairs[--i] = --j;
            const auto& before = cells[i][j];
            ends_here = before.pair && before.pair + neighbours > before.best;
        } else if (cells[i - 1][j].best == cell.best) {
            --i;
        } else {
            --j;
        }
    }
    return pairs;
}

double share_found(std::span<const std::string> theirs, std::span<const std::string> ours) {
    const auto pairs = align(theirs, ours);
    double found = 0, all = 0;
    for (std::size_t i = 0; i < theirs.size(); ++i) {
        const auto heavy = weight(squeezed(theirs[i]));
        all += heavy;
        found += pairs[i] ? heavy : 0;
    }
    return all > 0 ? found / all : 0;
}

double similarity(const std::string& one, const std::string& other) {
    const auto a = tokens(one), b = tokens(other);
    const auto longest = std::max(a.size(), b.size());
    return longest ? static_cast<double>(common(a, b)) / static_cast<double>(longest) : 0;
}

} // namespace exitaudit::grade
