// Calling perf.

#include "exitaudit/support/exit_code.hpp"
#include "exitaudit/lanes/places.hpp"
#include "exitaudit/support/process.hpp"
#include "exitaudit/support/file.hpp"

#include <sstream>

namespace exitaudit {
namespace {

namespace fs = std::filesystem;

constexpr auto directory = "audit", loader = "ld.so";

// As ldd lists them: "NAME => PATH (ADDRESS)", and the loader's line, "PATH (ADDRESS)".
std::vector<OverlayFile> libraries_of(const fs::path& program) {
    std::vector<OverlayFile> files;
    std::istringstream lines(output_of({"ldd", program.string()}).out);
    for (std::string line; std::getline(lines, line);) {
        std::istringstream words(line);
        std::string name, arrow, path;
        words >> name >> arrow >> path;
        if (arrow == "=>" && path.starts_with('/'))
            files.push_back({fmt::format("{}/{}", directory, name), read_file(path), false});
        else if (name.starts_with('/'))
            files.push_back({fmt::format("{}/{}", directory, loader), read_file(name), true});
    }
    if (files.empty())
        throw failure("{} is no dynamically linked program: apt-get install linux-perf", program.string());
    return files;
}

} // namespace

fs::path find_perf() { return find_program("perf", "linux-perf"); }

std::vector<std::string> perf_record(std::vector<std::string> perf, const std::string& file,
                                     const std::vector<std::string>& command) {
    // perf's own clock may differ between CPUs, and an exit then seem to come after its entry.
    perf.insert(perf.end(), {"kvm", "-o", file, "stat", "record", "-q", "-k", "mono"});
    perf.insert(perf.end(), command.begin(), command.end());
    return perf;
}

std::vector<std::string> perf_report(std::vector<std::string> perf, const std::string& file) {
    perf.insert(perf.end(), {"kvm", "-i", file, "stat", "report"});
    return perf;
}

std::vector<OverlayFile> perf_files() {
    const auto perf = find_perf();
    auto files = libraries_of(perf);
    files.push_back({fmt::format("{}/perf", directory), read_file(perf), false});
    return files;
}

std::vector<std::string> perf_in_overlay() {
    return {fmt::format("/{}/{}", directory, loader), "--library-path", fmt::format("/{}", directory),
            fmt::format("/{}/perf", directory)};
}

} // namespace exitaudit
