// The base and its sources.
#include "exitaudit/submission/base.hpp"

#include "exitaudit/support/exit_code.hpp"
#include "exitaudit/support/file.hpp"
#include "exitaudit/support/process.hpp"

#include <fmt/format.h>

#include <sstream>

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

} // namespace exitaudit::grade
