// What comes from people that nobody knows: their files, names and text; and a place to put it.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace exitaudit {

// Error if the disk that holds the directory has less than this free, in bytes.
void check_room(const std::filesystem::path& directory, std::uintmax_t wanted);

class TemporaryDirectory {
public:
    TemporaryDirectory();
    ~TemporaryDirectory();
    TemporaryDirectory(const TemporaryDirectory&) = delete;
    TemporaryDirectory& operator=(const TemporaryDirectory&) = delete;

    const std::filesystem::path& path() const { return path_; }
private:
    std::filesystem::path path_;
};

// At most so many bytes of a regular file, following no symbolic link. Error if it is none.
std::string read_start(const std::filesystem::path& path, std::size_t limit);

// Untrusted text for a terminal: printable characters, on one line, at most `limit` bytes of UTF-8.
// Characters that change the direction of others, or that nobody sees, are not printable.
std::string sanitize(std::string_view text, std::size_t limit = 300);

// The first names, sanitized, and how many more.
std::string first_names(const std::vector<std::string>& names);

} // namespace exitaudit
