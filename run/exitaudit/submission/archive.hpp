// Unpacks what people hand in as an archive, or what a learning platform makes of a whole class.
#pragma once

#include "exitaudit/log/finding.hpp"

#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace exitaudit::grade {

// Is it an archive by its name? Some kinds only get the answer that they cannot be unpacked.
bool is_archive(std::string_view name);

// Is it something that systems add by themselves?
bool is_junk(std::string_view name);

// Whose an entry of a class archive is. Both are empty where no platform gave the name.
struct Owner {
    std::string id, name; // as the platform has them
    std::string file;     // the entry's path without these
};

// By the forms of Moodle ("Ada Lovelace_12345_assignsubmission_file/x.zip", "…_file_/x.zip", "…_file_x.zip"),
// Canvas
// ("lovelaceada_LATE_123_45678_x.zip") and Gradescope ("submission_12345/x.c").
Owner owner_of(const std::string& entry);

// The students of each submission, by its number, as Gradescope's submission_metadata.yml has them.
std::map<std::string, std::string> names_in_metadata(const std::string& text);

// Of one person. What is past them is refused, so that unpacking ends soon.
struct ArchiveLimits {
    std::uintmax_t kept_bytes = 64 << 20, kept_files = 2000;
    std::uintmax_t seen_bytes = std::uintmax_t{2} << 30, seen_entries = 200'000; // left out or not
    std::uintmax_t class_bytes = std::uintmax_t{64} << 30, students = 1000;      // of everybody together
};

// What one person handed in.
struct Parcel {
    std::string id, name;            // empty: the archive is no class's
    std::filesystem::path directory; // with the files that are kept
    std::vector<Finding> refused, notes;
};

// Unpacks an archive, and archives in it, into `directory`: regular files whose names are `wanted`, and
// which lead nowhere else. A class archive gives a parcel for each student, any other gives one. What cannot
// be unpacked is refused in the parcel. Errors are those of writing, and what `wanted` throws.
std::vector<Parcel> unpack(const std::filesystem::path& archive, const std::filesystem::path& directory,
                           const std::function<bool(std::string_view)>& wanted,
                           const ArchiveLimits& limits = {});

} // namespace exitaudit::grade
