// exitaudit: audits the VM exit ledger that a patched KVM keeps.
#include "exitaudit/audit/options.hpp"
#include "exitaudit/boot/options.hpp"
#include "exitaudit/catalogue/catalogue.hpp"
#include "exitaudit/documents/compare.hpp"
#include "exitaudit/grade/grader.hpp"
#include "exitaudit/host/options.hpp"
#include "exitaudit/lanes/tree.hpp"
#include "exitaudit/manual/manual.hpp"
#include "exitaudit/read/options.hpp"
#include "exitaudit/report/page.hpp"
#include "exitaudit/support/exit_code.hpp"
#include "exitaudit/support/process.hpp"
#include "exitaudit/support/task.hpp"

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <exception>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace exitaudit {
namespace {

constexpr auto examples = R"(
Examples:
  exitaudit run                          everything, on the best lane there is
  exitaudit run --lane svm 'io.*' hlt.timer:count=100
  exitaudit grade alice.patch bob.patch  somebody's KVM: what is wrong with it
  sudo exitaudit host install            put the patched KVM into this machine

Exit codes: 0 every audit passed; 1 an audit failed, or the host crashed; 2 usage;
3 could not run, or all was skipped; 4 the host is not patched; 5 no series applies to
the tree; 6 the machine is not fit for a patched KVM; 125 the tree does not compile.)";

// One line on standard error. Where nobody reads it, fmt::print would throw.
int refuse(std::string_view message, ExitCode code) {
    std::fputs(fmt::format("exitaudit: {}\n", message).c_str(), stderr);
    return static_cast<int>(code);
}

// The words in the order that CLI11 wants: the last one first. As of make, -j may have no number, where CLI11
// would take the next word for it: then it is -j0.
std::vector<std::string> reversed_words(int argc, char** argv) {
    std::vector<std::string> words(argv + 1, argv + argc);
    for (std::size_t i = 0; i < words.size(); ++i)
        if (words[i] == "-j" &&
            (i + 1 == words.size() || words[i + 1].find_first_not_of("0123456789") != std::string::npos))
            words[i] = "-j0";
    return {words.rbegin(), words.rend()};
}

// The value of --tree, also if the rest of the command line is wrong.
std::optional<std::string> given_tree(int argc, char** argv) {
    constexpr std::string_view name = "--tree";
    for (int i = 1; i < argc; ++i) {
        const std::string_view word = argv[i];
        if (word == name && i + 1 < argc) return argv[i + 1];
        if (word.starts_with(name) && word.substr(name.size()).starts_with('='))
            return std::string(word.substr(name.size() + 1));
    }
    return std::nullopt;
}

// "exitaudit host top", if that is what the user gave.
std::string given_command(const CLI::App& app) {
    std::string words = app.get_name();
    for (const auto* command = &app; !command->get_subcommands().empty();) {
        command = command->get_subcommands().front();
        words += " " + command->get_name();
    }
    return words;
}

int run(int argc, char** argv) {
    CLI::App app{"audit the VM exit ledger that a patched KVM keeps", "exitaudit"};
    app.set_version_flag("--version", std::string("exitaudit ") + program_version);
    app.footer(examples);
    app.require_subcommand(1);
    Task task;
    for (const auto add : {add_run, add_boot, grade::add_grade, add_judge, add_list, add_report, add_compare,
                           add_read, add_top, host::add_host, add_manual})
        add(app, task);

    std::vector<std::string> names;
    for (const auto* command : app.get_subcommands([](const CLI::App*) { return true; }))
        names.push_back(command->get_name());
    if (argc > 1 && argv[1][0] != '-' && std::ranges::find(names, argv[1]) == names.end())
        return refuse(fmt::format("no subcommand '{}': there are {}; see exitaudit --help", argv[1],
                                  fmt::join(names, ", ")),
                      ExitCode::usage);
    if (given_tree(argc, argv) == "")
        return refuse("--tree names no directory: is a variable unset?", ExitCode::usage);
    try {
        app.parse(reversed_words(argc, argv));
    } catch (const CLI::Success& answer) { // help or version
        return app.exit(answer);
    } catch (const CLI::ParseError& error) {
        return refuse(fmt::format("{}; see {} --help", error.what(), given_command(app)), ExitCode::usage);
    }
    const auto code = task();
    if (std::fflush(stdout) != 0) throw failure("cannot write to standard output: {}", std::strerror(errno));
    return code;
}

int run_or_refuse(int argc, char** argv) {
    try {
        return run(argc, argv);
    } catch (const Error& error) {
        return refuse(error.what(), error.code);
    } catch (const std::exception& error) {
        return refuse(error.what(), ExitCode::could_not_run);
    }
}

} // namespace
} // namespace exitaudit

int main(int argc, char** argv) {
    using namespace exitaudit;
    try {
        const auto code = run_or_refuse(argc, argv);
        const auto tree = given_tree(argc, argv);
        const bool runs = argc > 1 && std::string_view(argv[1]) == "run";
        return tree || runs ? code_in_bisect(code, tree.value_or("")) : code;
    } catch (const Interrupted& interrupted) {
        std::signal(SIGPIPE, SIG_IGN); // the same signal may have ended whoever reads this
        return refuse(fmt::format("interrupted by SIG{}", sigabbrev_np(interrupted.signal)),
                      ExitCode{128 + interrupted.signal});
    } catch (const std::exception& error) {
        return refuse(error.what(), ExitCode::could_not_run);
    }
}
