// The base and its sources.
#include "exitaudit/submission/base.hpp"

#include "exitaudit/submission/c_source.hpp"
#include "exitaudit/support/exit_code.hpp"
#include "exitaudit/support/file.hpp"

#include <fmt/format.h>

#include <mutex>
#include <sstream>

namespace exitaudit::grade {

namespace fs = std::filesystem;

namespace {

constexpr int no_sandbox = 125; // exit status of host-kvm-patch/sandbox
constexpr int slowdown = 8;     // of the emulated machine; see docs/grade.md

// Compiles the kernel's own KVM, unless that is done.
void compile_base(const Base& base, const std::string& kernel) {
    // Its output is for the user. It downloads, so it has a time limit of its own.
    Watcher watcher;
    watcher.out =
        watcher.err = [](std::string_view text) { std::fwrite(text.data(), 1, text.size(), stderr); };
    const auto ending = run_to_end(
        {(base.scripts / "foreign-base").string(), "--kernel", kernel, "--output", base.directory.string()},
        std::chrono::hours(3), watcher);
    if (ending.exited_with(2)) throw usage_error("no Linux {} to grade with", kernel);
    if (!ending.exited_with(0))
        throw failure("Linux {}'s own KVM could not be compiled for patches to start from", kernel);
}

} // namespace

Base Base::make(const fs::path& build, const std::string& kernel, const fs::path& more) {
    if (!more.empty() && !fs::exists(more / "arch/x86/kvm/cpuid.c"))
        throw usage_error("{} is no kernel source: it has no arch/x86/kvm/cpuid.c", more.string());
    Base base;
    base.more = more;
    base.known_ = std::make_shared<Known>();
    base.directory = build / "grade" / kernel;
    base.scripts = scripts_of(build);
    if (!fs::exists(build / "prebuilt")) compile_base(base, kernel);
    const auto which = output_of({(base.scripts / "sandbox").string(), "--which"}, std::chrono::minutes(2));
    base.emulated = which.out == "machine\n";
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
    if (!more.empty()) kernels.push_back({"of " + sanitize(more.string()), more});
    return kernels;
}

struct Base::Known {
    std::once_flag read;
    std::set<std::string> identifiers;
};

const std::set<std::string>& Base::identifiers() const {
    constexpr std::size_t file_limit = 2 << 20;
    std::call_once(known_->read, [&] {
        for (const auto& kernel : kernels())
            for (const auto* part : {"arch/x86/kvm", "arch/x86/include", "include", "virt/kvm"})
                for (const auto& file : fs::recursive_directory_iterator(kernel.source / part))
                    if (file.is_regular_file() && !file.is_symlink())
                        known_->identifiers.merge(grade::identifiers(read_start(file.path(), file_limit)));
    });
    return known_->identifiers;
}

fs::path Base::packages() const {
    return directory.parent_path().parent_path() / "host" / directory.filename() / ".work/packages" /
           version("source") / "headers";
}

const std::string& Base::version(std::string_view what) const {
    const auto found = versions.find(what);
    if (found == versions.end())
        throw failure("{} lacks {}: remove {} and try again", (directory / "versions").string(), what,
                      directory.string());
    return found->second;
}

Output Base::in_sandbox(const std::vector<std::string>& arguments, const fs::path& scratch,
                        std::chrono::seconds limit, std::size_t most_output) const {
    const int factor = emulated ? slowdown : 1;
    constexpr int on_clock = 8; // where the machine is busy
    std::vector<std::string> command{(scripts / "sandbox").string(), "--seconds",
                                     std::to_string(on_clock * factor * limit.count()), "--scratch",
                                     scratch.string()};
    command.insert(command.end(), arguments.begin(), arguments.end());
    auto output = output_of(command, factor * limit, most_output, Limits::cpu);
    output.ending.took /= factor;
    if (output.ending.exited_with(no_sandbox))
        throw failure("{}", sanitize(output.err.substr(0, output.err.find('\n')), 1000));
    return output;
}

fs::path scripts_of(const fs::path& build) {
    auto scripts = build.parent_path() / "host-kvm-patch";
    if (!fs::exists(scripts / "foreign-base"))
        throw failure("{} is missing: grade needs exitaudit's source beside the built files",
                      scripts.string());
    return scripts;
}

} // namespace exitaudit::grade
