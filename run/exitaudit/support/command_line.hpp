// The command line: what the options of all commands share. Each command's own are in its room.
#pragma once

#include "exitaudit/support/task.hpp"

#include <CLI/CLI.hpp>

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

namespace exitaudit {

template <typename Options>
struct Command {
    CLI::App& app;
    Options& options; // filled by the options that `app` is given
};

// Adds a command. If the user gives it, its options are checked and `perform` becomes the task.
template <typename Options>
Command<Options> add_command(CLI::App& app, Task& task, const char* name, const char* what,
                             const char* footer, int (*perform)(const Options&),
                             void (*check)(const Options&) = nullptr)
{
    auto* command = app.add_subcommand(name, what);
    command->footer(footer);
    const auto options = std::make_shared<Options>();
    command->callback([&task, options, perform, check] {
        if (check)
            check(*options);
        task = [options, perform] { return perform(*options); };
    });
    return {*command, *options};
}

template <typename Value>
CLI::Option* add_file(CLI::App& app, const char* name, Value& file, const char* what)
{
    return app.add_option(name, file, what)->type_name("FILE");
}

inline void add_junit(CLI::App& app, std::filesystem::path& file)
{
    add_file(app, "--junit", file, "the same as JUnit's XML, for CI systems");
}

// Where the built files are.
inline void add_build(CLI::App& app, std::filesystem::path& build)
{
    app.add_option("--build", build, "where the built files are (default: exitaudit's own directory)")
        ->envname("EXITAUDIT_BUILD")
        ->type_name("DIR");
}

inline CLI::Option* add_choice(CLI::App& app, const char* name, std::string& value,
                               const std::vector<std::string>& choices, const std::string& what)
{
    return app.add_option(name, value, what)->check(CLI::IsMember(choices).description(""));
}

} // namespace exitaudit
