// The files that grading works with.
#include "exitaudit/grade/workplace.hpp"

#include "exitaudit/support/exit_code.hpp"
#include "exitaudit/support/file.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <sstream>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace exitaudit::grade {

namespace fs = std::filesystem;

Base Base::make(const fs::path& build, const std::string& kernel) {
    Base base;
    base.directory = build / "grade" / kernel;
    base.scripts = scripts_of(build);
    // Its output is for the user. It downloads, so it has a time limit of its own.
    Watcher watcher;
    watcher.out =
        watcher.err = [](std::string_view text) { std::fwrite(text.data(), 1, text.size(), stderr); };
    const auto ending = run_to_end(
        {(base.scripts / "foreign-base").string(), "--kernel", kernel, "--output", base.directory.string()},
        std::chrono::minutes(20), watcher);
    if (ending.exited_with(2)) throw usage_error("no Linux {} to grade with", kernel);
    if (!ending.exited_with(0))
        throw failure("Linux {}'s own KVM could not be compiled for patches to start from", kernel);

    std::istringstream lines(read_file(base.directory / "versions"));
    for (std::string line; std::getline(lines, line);)
        if (const auto equals = line.find('='); equals != std::string::npos)
            base.versions[line.substr(0, equals)] = line.substr(equals + 1);
    for (const auto& entry : fs::recursive_directory_iterator(base.source()))
        if (entry.is_regular_file()) base.files.insert(fs::relative(entry.path(), base.source()).string());
    return base;
}

std::vector<Kernel> Base::kernels() const {
    std::vector<Kernel> kernels{{directory.filename().string(), source()}};
    for (const auto& entry : fs::directory_iterator(directory / "others"))
        kernels.push_back({entry.path().filename().string(), entry.path()});
    return kernels;
}

const std::string& Base::version(std::string_view what) const {
    const auto found = versions.find(what);
    if (found == versions.end())
        throw failure("{} lacks {}: remove {} and try again", (directory / "versions").string(), what,
                      directory.string());
    return found->second;
}

fs::path scripts_of(const fs::path& build) {
    auto scripts = build.parent_path() / "host-kvm-patch";
    if (!fs::exists(scripts / "foreign-base"))
        throw failure("{} is missing: grade needs exitaudit's source beside the built files",
                      scripts.string());
    return scripts;
}

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

std::string listed(const std::vector<std::string>& names) {
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

} // namespace exitaudit::grade
