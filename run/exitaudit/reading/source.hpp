// The source to read: our kernel's files with somebody's lines, which keep the numbers that they were handed
// in with.
#pragma once

#include "exitaudit/submission/base.hpp"
#include "exitaudit/submission/place.hpp"

#include <optional>

namespace exitaudit::grade {

// The files that a patch changes, placed by the lines round each hunk; origins are lines of the files as the
// patch leaves them. None if a hunk has no place: what it would do is unknown.
std::optional<std::vector<PlacedFile>> patched_files(const Patch& patch, const Base& base);

// The text, in which functions and declarations without a line of theirs are blank.
std::string changed_items(const PlacedFile& file);

// For each line of a hunk in its patch, the line in the file that it leaves. Both from 1.
std::map<std::size_t, std::size_t> lines_after(const Hunk& hunk);

} // namespace exitaudit::grade
