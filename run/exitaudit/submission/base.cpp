// The base and its sources.
#include "exitaudit/submission/base.hpp"

#include "exitaudit/submission/c_source.hpp"
#include "exitaudit/support/exit_code.hpp"
#include "exitaudit/support/file.hpp"
#include "exitaudit/support/sha256.hpp"
#include "exitaudit/support/say.hpp"

#include <fmt/format.h>

#include <mutex>
#include <sstream>

namespace exitaudit::grade {

namespace fs = std::filesystem;

namespace {

constexpr int no_sandbox = 125; // exit status of host-kvm-patch/sandbox
constexpr int slowdown = 8;     // of the emulated machine; see docs/grade.md

// Runs one of host-kvm-patch's scripts, whose output is for the user. It has a time limit of its own.
Ending run_script(const std::vector<std::string>& command) {
    return run_to_end(command, std::chrono::hours(3), {pass_on, pass_on, {}, {}});
}

// Compiles the kernel's own KVM, unless that is done.
void compile_base(const Base& base, const std::string& kernel) {
    const auto ending = run_script(
        {(base.scripts / "foreign-base").string(), "--kernel", kernel, "--output", base.directory.string()});
    if (ending.exited_with(2)) throw usage_error("no Linux {} to grade with", kernel);
    if (!ending.exited_with(0))
        throw failure("Linux {}'s own KVM could not be compiled for patches to start from", kernel);
}

} // namespace

struct Base::Known {
    std::once_flag read;
    std::set<std::string> identifiers;
};

void Base::read() {
    std::istringstream lines(read_file(directory / "versions"));
    for (std::string line; std::getline(lines, line);)
        if (const auto equals = line.find('='); equals != std::string::npos)
            versions[line.substr(0, equals)] = line.substr(equals + 1);
    for (const auto& entry : fs::recursive_directory_iterator(source()))
        if (entry.is_regular_file()) files.insert(fs::relative(entry.path(), source()).string());
    known_ = std::make_shared<Known>();
}

Base Base::make(const fs::path& build, const std::string& kernel, const fs::path& more) {
    if (!more.empty() && !fs::exists(more / "arch/x86/kvm/cpuid.c"))
        throw usage_error("{} is no kernel source: it has no arch/x86/kvm/cpuid.c", more.string());
    Base base;
    base.more = more;
    base.name = kernel;
    base.directory = build / "grade" / kernel;
    base.scripts = scripts_of(build);
    if (!fs::exists(build / "prebuilt")) compile_base(base, kernel);
    const auto which = output_of({(base.scripts / "sandbox").string(), "--which"}, std::chrono::minutes(2));
    base.emulated = which.out == "machine\n";
    base.read();
    return base;
}

Base Base::of_commit(const fs::path& build, const fs::path& repository, const std::string& commit) {
    constexpr int does_not_compile = 11; // exit status of host-kvm-patch/foreign-tree
    constexpr std::size_t shown = 12;    // characters of a hash
    const auto path = fs::canonical(repository);
    const auto short_commit = commit.substr(0, shown);
    Base base;
    // Another repository may call something else by this hash: git does not check what it reads.
    base.directory = build / "grade" / fmt::format("{}-{}", sha256(path.string()).substr(0, 6), short_commit);
    base.scripts = scripts_of(build);
    Ending ending;
    try {
        ending = run_script({(base.scripts / "foreign-tree").string(), "--commit", commit, "--output",
                             base.directory.string(), "--build", build.string(), path.string()});
    } catch (const Interrupted&) {
        say("exitaudit: interrupted: removing what was half compiled\n");
        std::error_code ignored; // the next build begins with it
        fs::remove_all(base.directory / "new", ignored);
        throw;
    }
    if (!ending.exited_with(0))
        throw failure("no host was made of {}'s commit {}{}: the lines above say why; --kernel VERSION takes "
                      "Debian's kernel instead",
                      repository.string(), short_commit,
                      ending.exited_with(does_not_compile) ? ", which does not compile" : "");
    base.read();
    base.name = fmt::format("{}, from {} on", base.version("source"), short_commit);
    return base;
}

std::vector<Kernel> Base::kernels() const {
    std::vector<Kernel> kernels{{name, source()}};
    if (is_commit()) return kernels;
    for (const auto& entry : fs::directory_iterator(directory / "others"))
        kernels.push_back({entry.path().filename().string(), entry.path()});
    if (!more.empty()) kernels.push_back({"of " + sanitize(more.string()), more});
    return kernels;
}

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
