// Reading and writing whole files.
#pragma once

#include <filesystem>
#include <initializer_list>
#include <string>
#include <string_view>

namespace exitaudit {

// The file's bytes. Error if it cannot be read.
std::string read_file(const std::filesystem::path& path);

// Error (usage) if the directory of one of these files is missing. An empty name is no file.
void require_directories_of(std::initializer_list<std::filesystem::path> files);

// Writes a file whole or not at all. Error with the reason if it cannot be written.
void write_file(const std::filesystem::path& path, std::string_view content);

// A file that exists only in memory, and so ends with the process.
class MemoryFile {
public:
    MemoryFile(const char* name, std::string_view bytes);
    ~MemoryFile();
    MemoryFile(const MemoryFile&) = delete;
    MemoryFile& operator=(const MemoryFile&) = delete;

    std::string path_for_child() const; // a path under which a child process can open it
private:
    int descriptor_;
};

} // namespace exitaudit
