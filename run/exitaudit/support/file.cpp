// Reading and writing whole files.
#include "exitaudit/support/file.hpp"

#include "exitaudit/support/exit_code.hpp"

#include <fmt/format.h>

#include <cerrno>
#include <csignal>
#include <cstring>
#include <fstream>

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

namespace exitaudit {
namespace {

// While the temporary file exists, a signal must not end us.
class SignalsHeld {
public:
    SignalsHeld() {
        sigset_t signals;
        sigemptyset(&signals);
        for (const int signal : {SIGINT, SIGTERM, SIGHUP}) sigaddset(&signals, signal);
        sigprocmask(SIG_BLOCK, &signals, &before_);
    }
    ~SignalsHeld() { sigprocmask(SIG_SETMASK, &before_, nullptr); }
    SignalsHeld(const SignalsHeld&) = delete;
    SignalsHeld& operator=(const SignalsHeld&) = delete;
private:
    sigset_t before_{};
};

bool write_all(int descriptor, std::string_view content) {
    while (!content.empty()) {
        const auto written = write(descriptor, content.data(), content.size());
        if (written < 0) return false;
        content.remove_prefix(static_cast<std::size_t>(written));
    }
    return true;
}

[[noreturn]] void cannot_write(const std::filesystem::path& path, int error) {
    throw failure("cannot write {}: {}", path.string(), std::strerror(error));
}

} // namespace

std::string read_file(const std::filesystem::path& path) {
    std::ifstream stream(path, std::ios::binary);
    std::error_code no_size;
    const auto size = std::filesystem::file_size(path, no_size);
    std::string bytes;
    // At once, as kernels are large; then on to the end, as files of /proc do not tell their sizes.
    for (std::size_t chunk = no_size ? 0 : size + 1; stream; chunk = 65536) {
        const auto before = bytes.size();
        bytes.resize(before + chunk);
        stream.read(bytes.data() + before, static_cast<std::streamsize>(chunk));
        bytes.resize(before + static_cast<std::size_t>(stream.gcount()));
    }
    if (!stream.eof()) throw failure("cannot read {}: {}", path.string(), std::strerror(errno));
    return bytes;
}

void require_directories_of(std::initializer_list<std::filesystem::path> files) {
    for (const auto& file : files) {
        if (file == "-") throw usage_error("- is no file: standard output is /dev/stdout");
        if (const auto directory = file.parent_path();
            !directory.empty() && !std::filesystem::is_directory(directory))
            throw usage_error("cannot write {}: {} is no directory", file.string(), directory.string());
    }
}

void write_file(const std::filesystem::path& path, std::string_view content) {
    // A device or pipe (/dev/stdout) cannot be replaced, only written to.
    std::error_code ignored;
    const bool replace =
        !std::filesystem::exists(path, ignored) || std::filesystem::is_regular_file(path, ignored);
    const SignalsHeld held;
    auto name = replace ? path.string() + ".XXXXXX" : path.string();
    const int descriptor =
        replace ? mkostemp(name.data(), O_CLOEXEC) : open(name.c_str(), O_WRONLY | O_CLOEXEC);
    if (descriptor < 0) cannot_write(path, errno);
    int error = write_all(descriptor, content) ? 0 : errno;
    if (replace) fchmod(descriptor, 0644);
    if (close(descriptor) != 0 && !error) error = errno;
    if (replace && !error && rename(name.c_str(), path.c_str()) != 0) error = errno;
    if (replace && error) unlink(name.c_str());
    if (error) cannot_write(path, error);
}

MemoryFile::MemoryFile(const char* name, std::string_view bytes)
    : descriptor_(memfd_create(name, MFD_CLOEXEC)) {
    if (descriptor_ < 0) throw failure("cannot make a file in memory: {}", std::strerror(errno));
    if (write_all(descriptor_, bytes)) return;
    const int error = errno;
    close(descriptor_);
    throw failure("no memory for the emulator's {}: {}", name, std::strerror(error));
}

MemoryFile::~MemoryFile() { close(descriptor_); }

std::string MemoryFile::path_for_child() const {
    return fmt::format("/proc/{}/fd/{}", getpid(), descriptor_);
}

} // namespace exitaudit
