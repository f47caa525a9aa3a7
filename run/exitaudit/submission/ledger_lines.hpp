// Which lines of whole files are the ledger's: the kernel that the files are of is unknown, and what differs
// from our kernel may be that kernel's own.
#pragma once

#include "exitaudit/submission/c_source.hpp"

#include <map>

namespace exitaudit::grade {

// A file as somebody has it, beside ours and that of other kernels.
struct ComparedFile {
    std::string path; // in the kernel's source
    CSource theirs, ours;
    std::vector<CSource> others;

    // Filled by pair_lines(): the line of ours that a line is, and the item of ours that an item (by its
    // first line) is changed from.
    std::vector<std::optional<std::size_t>> pairs{};
    std::map<std::size_t, const Item*> counterparts{};
    // Filled by select_ledger_lines(): what has no pair and is to be added.
    std::vector<bool> kept{};

    bool is_added(std::size_t line) const { return !pairs[line] && !theirs.code(line).empty(); }
};

// Finds the pairs: function by function, as a file's order and names change between kernels.
void pair_lines(ComparedFile& file);

// Is there a leaf of the ledger in this text?
bool has_leaf(const std::string& text);

// How much of what has no pair is taken: statements with a leaf, or with a name that such statements
// introduce; or also the lines next to these that no other kernel has.
enum class Reach { neighbours, statements };

// Marks the lines to keep. `known` has the identifiers of the kernels' own sources. Returns the names that
// the ledger introduces.
std::set<std::string> select_ledger_lines(std::vector<ComparedFile>& files,
                                          const std::set<std::string>& known, Reach reach);

} // namespace exitaudit::grade
