// Calls host-kvm-patch/trees.
#include "exitaudit/lanes/tree.hpp"

#include "exitaudit/support/exit_code.hpp"
#include "exitaudit/support/process.hpp"
#include "exitaudit/support/words.hpp"
#include "exitaudit/support/say.hpp"

#include <fmt/ranges.h>

#include <chrono>
#include <cstdio>

namespace exitaudit {
namespace {

namespace fs = std::filesystem;

// A kernel that takes longer hangs.
constexpr auto build_limit = std::chrono::hours(3);

ExitCode code_of(const Ending& ending) {
    for (const auto code : {ExitCode::usage, ExitCode::no_series, ExitCode::not_built})
        if (ending.exited_with(static_cast<int>(code))) return code;
    return ExitCode::could_not_run;
}

// Is a `git bisect` under way in this directory?
bool is_bisected(const fs::path& tree) {
    if (search_path("git").empty()) return false;
    const auto answer = output_of({"git", "-C", tree.string(), "rev-parse", "--git-path", "BISECT_START"});
    return answer.ending.exited_with(0) && fs::exists(tree / answer.out.substr(0, answer.out.find('\n')));
}

// A file that every kernel source tree has, and this one not; empty: it has all.
std::string lacking_file(const fs::path& tree) {
    for (const auto* file : {"arch/x86/kvm/x86.c", "Kbuild", "Makefile"})
        if (!fs::exists(tree / file)) return file;
    return "";
}

} // namespace

void require_tree(const fs::path& tree) {
    if (!fs::is_directory(tree))
        throw usage_error("{} is not a directory: --tree names a kernel source tree", tree.string());
    if (const auto file = lacking_file(tree); !file.empty())
        throw usage_error("{} is no kernel source tree: it has no {}", tree.string(), file);
}

fs::path build_tree(const fs::path& tree, const Places& places, const TreeExtras& extras) {
    const auto script = shared_file("host-kvm-patch/trees");
    std::string answer;
    std::vector<std::string> command{script.string(), "--build", places.build.string()};
    if (!extras.sanitizers.empty())
        append(command, {"--sanitize", fmt::format("{}", fmt::join(extras.sanitizers, ","))});
    if (!extras.patch.empty()) append(command, {"--patch", extras.patch.string()});
    command.push_back(tree.string());
    const auto ending =
        run_to_end(command, build_limit, {[&](std::string_view bytes) { answer += bytes; }, pass_on, {}, {}});
    if (!ending.exited_with(0))
        throw Error(fmt::format("no host was made of {}: the lines above say why", tree.string()),
                    code_of(ending));
    return answer.substr(0, answer.find('\n'));
}

int code_in_bisect(int code, const fs::path& tree) {
    if (code < static_cast<int>(ExitCode::usage) || code > static_cast<int>(ExitCode::no_series)) return code;
    if ((tree.empty() || !is_bisected(tree)) && (!lacking_file(".").empty() || !is_bisected(".")))
        return code;
    return code == static_cast<int>(ExitCode::usage) ? 128 : static_cast<int>(ExitCode::not_built);
}

} // namespace exitaudit
