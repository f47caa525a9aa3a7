// Puts somebody's lines into our kernel's files, by the function and the lines round them.
#pragma once

#include "exitaudit/submission/ledger_lines.hpp"
#include "exitaudit/submission/patch.hpp"

namespace exitaudit::grade {

// A changed file of ours, and where its lines come from.
struct PlacedFile {
    std::string path, text;
    std::map<std::size_t, std::size_t> origins; // line of the text to line of theirs, both from 1
    std::vector<std::size_t> homeless;          // lines of theirs, from 1, for which there is no place
};

// Our file with the lines that are kept of theirs. A line of ours that one of these rewrites is replaced; all
// others stay.
PlacedFile place_kept_lines(const ComparedFile& file);

// Our file with these hunks, where patch(1) finds no place for them: in the function that a hunk names, else
// where most of its context is. A hunk with less than half of its context there has no place: its line in the
// patch is in `homeless`.
PlacedFile place_hunks(const FileChange& change, const CSource& ours);

} // namespace exitaudit::grade
