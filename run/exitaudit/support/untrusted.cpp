// Reading, naming and printing what nobody vouches for.
#include "exitaudit/support/untrusted.hpp"

#include "exitaudit/support/exit_code.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace exitaudit {

namespace fs = std::filesystem;

void check_room(const fs::path& directory, std::uintmax_t wanted) {
    const auto available = fs::space(directory).available;
    if (available < wanted)
        throw failure("no space in {}: {} MiB are free, {} MiB are needed: make room, or set "
                      "TMPDIR to a directory that has it",
                      directory.string(), available >> 20, wanted >> 20);
}

TemporaryDirectory::TemporaryDirectory() {
    auto name = (fs::temp_directory_path() / "exitaudit-grade.XXXXXX").string();
    if (!mkdtemp(name.data()))
        throw failure("cannot make a directory in {}: {}", fs::temp_directory_path().string(),
                      std::strerror(errno));
    path_ = name;
}

TemporaryDirectory::~TemporaryDirectory() {
    std::error_code ignored; // nothing left to report to
    fs::remove_all(path_, ignored);
}

std::string read_start(const fs::path& path, std::size_t limit) {
    // Opening a pipe would block.
    const int descriptor = open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    struct stat status = {};
    if (descriptor < 0 || fstat(descriptor, &status) != 0 || !S_ISREG(status.st_mode)) {
        const auto why = descriptor >= 0  ? "it is no regular file"
                         : errno == ELOOP ? "it is a symbolic link"
                                          : std::strerror(errno);
        if (descriptor >= 0) close(descriptor);
        throw failure("cannot read {}: {}", path.string(), why);
    }
    std::string text(limit, '\0');
    std::size_t size = 0;
    while (size < limit) {
        const auto got = read(descriptor, text.data() + size, limit - size);
        if (got <= 0) break;
        size += static_cast<std::size_t>(got);
    }
    close(descriptor);
    text.resize(size);
    return text;
}

std::string first_names(const std::vector<std::string>& names) {
    constexpr std::size_t most = 4;
    std::string text;
    for (std::size_t i = 0; i < std::min(names.size(), most); ++i)
        text += fmt::format("{}{}", i ? ", " : "", sanitize(names[i]));
    return names.size() > most ? fmt::format("{} and {} more", text, names.size() - most) : text;
}

std::string sanitize(std::string_view text, std::size_t limit) {
    std::string sanitized;
    for (const char c : text.substr(0, limit)) sanitized += c >= ' ' && c <= '~' ? c : '?';
    return text.size() > limit ? sanitized + "..." : sanitized;
}

} // namespace exitaudit
