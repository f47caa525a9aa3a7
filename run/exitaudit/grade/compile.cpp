// Compiling in the sandbox. The other end is host-kvm-patch/foreign-build.
#include "exitaudit/grade/compile.hpp"

#include "exitaudit/support/exit_code.hpp"
#include "exitaudit/lanes/overlay.hpp"
#include "exitaudit/support/pattern.hpp"
#include "exitaudit/support/words.hpp"
#include "exitaudit/support/file.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace exitaudit::grade {
namespace {

namespace fs = std::filesystem;

// Of a log that somebody else's source can make as long as it likes.
constexpr std::size_t log_limit = 1 << 20;
constexpr std::size_t most_errors = 5;

// Exit statuses of host-kvm-patch/sandbox and foreign-build.
constexpr int does_not_compile = 11, no_room_outside = 13, out_of_time = 124;

// What the build hands out: modules of some MiB, and logs of 64 MiB at most.
constexpr std::uintmax_t room_wanted = 128 << 20, room_left = 1 << 20;

Words sandbox_arguments(const Base& base, const fs::path& directory) {
    auto command = words("--disk 512");
    const auto show = [&](const fs::path& outside, const std::string& inside) {
        append(command, {"--ro-bind", outside.string(), inside});
    };
    show(base.directory / "base", "/in/base");
    show(base.scripts / "foreign-compile", "/in/compile");
    show(base.scripts / "foreign-build", "/in/build");
    show(directory / "patch", "/in/patch");
    // Inside, at the place that the base was compiled with, which its dependencies name.
    show(base.packages(), base.version("packages"));
    // Single files: no other can be made there, and none grows past the sandbox's limit.
    Words written{"patch.log", "make.log"};
    written.insert(written.end(), kvm_modules.begin(), kvm_modules.end());
    for (const auto& name : written) {
        write_file(directory / name, "");
        append(command, {"--bind", (directory / name).string(), "/out/" + name});
    }
    append(command, {"--", "bash", "/in/build", base.version("headers")});
    return command;
}

// Not where the compiler cites the source, after a bar.
bool is_past_limit(std::string_view line) {
    constexpr std::array marks{"Killed signal terminated", "out of memory",   "annot allocate memory",
                               "o space left on device",   "File size limit", "File too large"};
    return line.find('|') == std::string_view::npos &&
           std::ranges::any_of(marks, [&](auto mark) { return line.find(mark) != std::string_view::npos; });
}

} // namespace

void read_patch_log(std::string_view log, const Patch& patch, Compiled& compiled) {
    static const Pattern starts("patching file '?([^']*)'?.*"),
        verdict("Hunk #([0-9]+) (FAILED|succeeded) at .*"),
        ignored("([0-9]+) out of ([0-9]+) hunks? ignored.*");
    std::istringstream lines{std::string(log)};
    std::size_t next = 0; // patch(1) takes the files in our order
    const FileChange* change = nullptr;
    const auto reject = [&](const FileChange& file, std::size_t number) {
        const auto& hunk = file.hunks[number - 1];
        compiled.rejected.push_back(
            {"does-not-apply", fmt::format("{}: hunk {} ({} line {}) does not apply", file.path, number,
                                           file.source, hunk.line)});
        compiled.rejected_hunks.push_back({file.path, file.source, file.creates, {hunk}});
    };
    for (std::string line; std::getline(lines, line);) {
        if (starts.match(line)) {
            change = next < patch.changes.size() ? &patch.changes[next++] : nullptr;
        } else if (const auto found = change ? verdict.match(line) : std::nullopt) {
            const auto number = std::stoul(found->at(1));
            if (found->at(2) == "FAILED" && number >= 1 && number <= change->hunks.size())
                reject(*change, number);
        } else if (ignored.match(line)) {
            compiled.rejected.push_back(
                {"does-not-apply",
                 fmt::format("{}: {}", change ? change->path : "the patch", sanitize(line))});
        }
    }
}

std::vector<Finding> compile_errors(std::string_view log) {
    static const Pattern error("(/[^: ]+):([0-9]+)(:[0-9]+)?: (fatal error|error): (.*)"),
        place("/build/tree/([^: ]+:[0-9]+)(:[0-9]+)?: note: .*"),
        undefined("ERROR: modpost: \"([^\"]*)\" \\[.*/([^/]+)\\.ko\\] undefined!.*");
    constexpr std::string_view tree = "/build/tree/";
    std::vector<Finding> errors;
    const auto add = [&](const std::string& text) {
        const auto known = [&](const Finding& remark) { return remark.text == sanitize(text); };
        if (std::ranges::none_of(errors, known)) errors.push_back({"does-not-compile", sanitize(text)});
    };
    std::istringstream lines{std::string(log)};
    std::string elsewhere; // an error in a header's macro, until the source that uses it is named
    for (std::string line; std::getline(lines, line);) {
        line = sanitize(line, 1000);
        if (is_past_limit(line)) // what else is said comes of it
            return {
                {"over-limit",
                 "the build needs more than the sandbox gives it (512 MiB of disk, 64 MiB for a file, 1.5 "
                 "GiB of memory for a process): " +
                     sanitize(line)}};
        if (const auto found = error.match(line)) {
            const auto& path = found->at(1);
            if (path.starts_with(tree))
                add(fmt::format("{}:{}: {}", path.substr(tree.size()), found->at(2), found->at(5)));
            else
                elsewhere = found->at(5);
        } else if (const auto user = elsewhere.empty() ? std::nullopt : place.match(line)) {
            add(fmt::format("{}: {}", user->at(1), elsewhere));
            elsewhere.clear();
        } else if (const auto missing = undefined.match(line)) {
            add(fmt::format(
                "{}.ko uses {}, which kvm.ko does not export (EXPORT_SYMBOL_GPL), or nothing defines",
                missing->at(2), missing->at(1)));
        }
    }
    if (errors.size() > most_errors) {
        const auto more = errors.size() - most_errors;
        errors.resize(most_errors);
        errors.push_back({"does-not-compile", fmt::format("{} more errors", more)});
    }
    return errors;
}

namespace {

// Of what ended without modules.
std::vector<Finding> why_not_built(const Output& output, const fs::path& directory,
                                   const std::string& limit) {
    const auto& ending = output.ending;
    check_room(directory, room_left); // full, it may have cost the compiler its log
    const auto log = read_start(directory / "make.log", log_limit);
    if (ending.how == Ending::How::timed_out || ending.exited_with(out_of_time))
        return {{"does-not-compile", "it is not compiled within " + limit}};
    if (auto errors = compile_errors(log); !errors.empty()) return errors;
    return {{"does-not-compile",
             ending.exited_with(does_not_compile)
                 ? fmt::format("make fails: {}",
                               sanitize(log.substr(log.size() - std::min<std::size_t>(log.size(), 200))))
                 : fmt::format("the sandbox fails: {}", sanitize(output.out + output.err))}};
}

} // namespace

Compiled compile(const Base& base, const Patch& patch, const fs::path& directory,
                 std::chrono::seconds limit) {
    check_room(directory, room_wanted);
    write_file(directory / "patch", patch.text());
    const auto output = base.in_sandbox(sandbox_arguments(base, directory), directory, limit, log_limit);
    if (output.ending.exited_with(no_room_outside))
        throw failure("{} takes no more: {}", directory.string(), sanitize(output.out + output.err));

    Compiled compiled;
    compiled.took = output.ending.took;
    compiled.built = output.ending.exited_with(0);
    read_patch_log(read_start(directory / "patch.log", log_limit), patch, compiled);
    if (!compiled.built)
        compiled.errors = why_not_built(output, directory, fmt::format("{} s of CPU time", limit.count()));
    return compiled;
}

Compiled compile_branch(const Base& base, const Submission& branch, const fs::path& directory,
                        std::chrono::seconds limit) {
    const auto output =
        output_of({(base.scripts / "foreign-tree").string(), "--commit", base.version("commit"), "--output",
                   base.directory.string(), "--build", base.directory.parent_path().parent_path().string(),
                   "--branch", branch.tip, "--host", directory.string(), branch.path.string()},
                  limit, log_limit, Limits::cpu);
    const auto& ending = output.ending;
    Compiled compiled;
    compiled.took = ending.took;
    compiled.built = ending.exited_with(0);
    if (ending.how == Ending::How::exited && !compiled.built && !ending.exited_with(does_not_compile) &&
        !ending.exited_with(out_of_time))
        throw failure("{}", sanitize(output.err, 1000));
    if (!compiled.built)
        compiled.errors = why_not_built(
            output, directory, fmt::format("{} s of CPU time and half an hour on the clock", limit.count()));
    return compiled;
}

} // namespace exitaudit::grade
