// Reading, naming and printing what nobody vouches for.
#include "exitaudit/support/untrusted.hpp"

#include "exitaudit/support/refused.hpp"

#include <algorithm>
#include <array>
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

// Somebody else's program may have left a directory that even its owner may not empty.
static void open_to_owner(const fs::path& directory) {
    std::error_code ignored;
    fs::permissions(directory, fs::perms::owner_all, fs::perm_options::add, ignored);
    for (fs::directory_iterator at(directory, ignored), end; at != end; at.increment(ignored))
        if (at->symlink_status(ignored).type() == fs::file_type::directory) open_to_owner(at->path());
}

TemporaryDirectory::TemporaryDirectory() {
    auto name = (fs::temp_directory_path() / "exitaudit-grade.XXXXXX").string();
    if (!mkdtemp(name.data()))
        throw failure("cannot make a directory in {}: {}", fs::temp_directory_path().string(),
                      std::strerror(errno));
    path_ = name;
}

TemporaryDirectory::~TemporaryDirectory() {
    std::error_code error; // nothing left to report to
    fs::remove_all(path_, error);
    if (!error) return;
    open_to_owner(path_);
    fs::remove_all(path_, error);
}

std::string read_start(const fs::path& path, std::size_t limit) {
    // Opening a pipe would block.
    const int descriptor = open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    struct stat status = {};
    if (descriptor < 0 || fstat(descriptor, &status) != 0 || !S_ISREG(status.st_mode)) {
        const bool is_link = descriptor < 0 && errno == ELOOP;
        if (descriptor < 0 && !is_link)
            throw failure("cannot read {}: {}", path.string(), std::strerror(errno));
        if (descriptor >= 0) close(descriptor);
        throw Refused(fmt::format("cannot read {}: {}", path.string(),
                                  is_link ? "it is a symbolic link" : "it is no regular file"));
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

namespace {

// How many bytes the printable character at the start of the text has; 0 if there is none.
std::size_t printable_length(std::string_view text) {
    const auto byte = [&](std::size_t at) {
        return at < text.size() ? static_cast<unsigned char>(text[at]) : 0U;
    };
    const unsigned first = byte(0);
    if (first < 0x80) return first >= ' ' && first <= '~' ? 1 : 0;
    const std::size_t length = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;
    if (first < 0xc2 || first > 0xf4) return 0;
    unsigned point = first & (0xffU >> (length + 1));
    for (std::size_t i = 1; i < length; ++i) {
        if ((byte(i) & 0xc0U) != 0x80) return 0;
        point = point << 6U | (byte(i) & 0x3fU);
    }
    constexpr std::array least{0U, 0U, 0xa0U, 0x800U, 0x10000U};
    // Surrogates and private characters, directions, joiners, separators, byte order marks.
    const bool is_strange = (point >= 0xd800 && point <= 0xf8ff) || (point >= 0x200b && point <= 0x200f) ||
                            (point >= 0x2028 && point <= 0x202e) || (point >= 0x2060 && point <= 0x206f) ||
                            point == 0xfeff || point == 0xad || point == 0x61c || point >= 0xe0000;
    return point < least[length] || is_strange ? 0 : length;
}

} // namespace

std::string sanitize(std::string_view text, std::size_t limit) {
    std::string sanitized;
    for (auto rest = text.substr(0, limit); !rest.empty();) {
        const auto length = printable_length(rest);
        sanitized += length ? rest.substr(0, length) : "?";
        rest.remove_prefix(std::max<std::size_t>(length, 1));
    }
    return text.size() > limit ? sanitized + "..." : sanitized;
}

} // namespace exitaudit
