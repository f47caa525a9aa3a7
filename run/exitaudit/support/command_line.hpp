// The command line: what the options of all commands share. Each command's own are in its room.
#pragma once

#include "exitaudit/support/task.hpp"

#include <CLI/CLI.hpp>
#include <fmt/ranges.h>

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

namespace exitaudit {

template <typename Options> struct Command {
    CLI::App& app;
    Options& options; // filled by the options that `app` is given
};

// Adds a command. If the user gives it, its options are checked and `perform` becomes the task.
template <typename Options>
Command<Options> add_command(CLI::App& app, Task& task, const char* name, const char* what,
                             const char* footer, int (*perform)(const Options&),
                             void (*check)(const Options&) = nullptr) {
    auto* command = app.add_subcommand(name, what);
    command->footer(footer);
    const auto options = std::make_shared<Options>();
    command->callback([&task, options, perform, check, command] {
        if (!command->get_subcommands().empty()) return; // its own command was given, and is the task
        if (check) check(*options);
        task = [options, perform] { return perform(*options); };
    });
    return {*command, *options};
}

// An option that takes a value, which --help calls by this type.
template <typename Value>
CLI::Option* add(CLI::App& command, const char* name, Value& value, const char* type,
                 const std::string& what) {
    return command.add_option(name, value, what)->type_name(type);
}

// A check of an option: its value is one of these words. Shells complete them: they find them as its name.
inline CLI::Validator one_of(const std::vector<std::string>& words) {
    return CLI::IsMember(words).description("").name(fmt::format("{}", fmt::join(words, " ")));
}

// Shells complete these words of an option; it is checked elsewhere, and takes others, too.
inline CLI::Validator completed_by(const std::vector<std::string>& words) {
    return {[](const std::string&) { return std::string(); }, "", fmt::format("{}", fmt::join(words, " "))};
}

inline void add_junit(CLI::App& command, std::filesystem::path& file) {
    add(command, "--junit", file, "FILE", "the same as JUnit's XML, for CI systems");
}

inline void add_budget(CLI::App& command, std::filesystem::path& file) {
    add(command, "--budget", file, "FILE", "fail if this file's limits on exits or cycles are exceeded");
}

// Where the built files are.
inline void add_build(CLI::App& command, std::filesystem::path& build) {
    add(command, "--build", build, "DIR", "where the built files are (default: exitaudit's own directory)")
        ->envname("EXITAUDIT_BUILD");
}

} // namespace exitaudit
