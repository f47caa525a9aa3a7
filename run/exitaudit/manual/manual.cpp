// The commands that print the man page and completions, and what both take from the options.
#include "exitaudit/manual/manual.hpp"

#include "exitaudit/support/command_line.hpp"
#include "exitaudit/support/exit_code.hpp"

namespace exitaudit {
namespace {

struct ManualOptions {
    CLI::App* app = nullptr;
    std::string shell; // empty: the man page
};

int print_manual(const ManualOptions& options) {
    fmt::print("{}",
               options.shell.empty() ? man_page(*options.app) : completion(*options.app, options.shell));
    return static_cast<int>(ExitCode::pass);
}

} // namespace

std::vector<CLI::App*> commands_of(CLI::App& app) {
    return app.get_subcommands([](CLI::App* command) { return !command->get_group().empty(); });
}

std::vector<CLI::Option*> options_of(CLI::App& command, bool positional) {
    return command.get_options([=](CLI::Option* option) { return option->get_positional() == positional; });
}

std::vector<std::string> names_of(const CLI::Option& option) {
    std::vector<std::string> names;
    for (const auto& name : option.get_snames()) names.push_back("-" + name);
    for (const auto& name : option.get_lnames()) names.push_back("--" + name);
    return names;
}

void add_manual(CLI::App& app, Task& task) {
    auto man = add_command(app, task, "man", "print the man page", "", print_manual);
    auto shells =
        add_command(app, task, "completion", "print what completes words in a shell", "", print_manual);
    for (auto* command : {&man, &shells}) {
        command->app.group("");
        command->options.app = &app;
    }
    shells.app.add_option("SHELL", shells.options.shell, "bash, zsh or fish")
        ->required()
        ->check(one_of({"bash", "zsh", "fish"}));
}

} // namespace exitaudit
