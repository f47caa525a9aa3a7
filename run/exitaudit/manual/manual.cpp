// Writing the man page and completions.
#include "exitaudit/manual/manual.hpp"

#include "exitaudit/support/command_line.hpp"
#include "exitaudit/support/exit_code.hpp"

#include <fmt/ranges.h>

#include <algorithm>
#include <map>
#include <sstream>

namespace exitaudit {
namespace {

// Those that --help lists.
std::vector<const CLI::App*> commands_of(const CLI::App& app) {
    return app.get_subcommands([](const CLI::App* command) { return !command->get_group().empty(); });
}

std::vector<const CLI::Option*> options_of(const CLI::App& command, bool positional) {
    return command.get_options(
        [=](const CLI::Option* option) { return option->get_positional() == positional; });
}

// What a shell offers after a command: its options and those of its own commands.
std::vector<const CLI::Option*> completed_options(const CLI::App& command) {
    auto options = options_of(command, false);
    for (const auto* own : commands_of(command))
        for (const auto* option : options_of(*own, false))
            if (std::ranges::none_of(
                    options, [&](const auto* known) { return known->get_name() == option->get_name(); }))
                options.push_back(option);
    return options;
}

// "-h", "--help": without names that are only for completion's own use.
std::vector<std::string> names_of(const CLI::Option& option) {
    std::vector<std::string> names;
    for (const auto& name : option.get_snames()) names.push_back("-" + name);
    for (const auto& name : option.get_lnames()) names.push_back("--" + name);
    return names;
}

bool takes_value(const CLI::Option& option) { return option.get_items_expected_max() > 0; }

// A text for man(7): no backslash, hyphen or leading dot is taken for something else.
std::string roff(const std::string& text) {
    std::string result;
    for (const char c : text)
        if (c == '\\')
            result += "\\e";
        else if (c == '-')
            result += "\\-";
        else
            result += c;
    return result.starts_with('.') || result.starts_with('\'') ? "\\&" + result : result;
}

std::string roff_lines(const std::string& text) {
    std::string result;
    std::istringstream lines(text);
    for (std::string line; std::getline(lines, line);)
        if (!result.empty() || !line.empty()) result += roff(line) + "\n";
    return result;
}

std::string roff_option(const CLI::Option& option) {
    const auto names = names_of(option);
    std::vector<std::string> bold;
    for (const auto& name : names.empty() ? std::vector{option.get_name(true)} : names)
        bold.push_back("\\fB" + roff(name) + "\\fR");
    const auto value =
        takes_value(option) && !names.empty() ? " \\fI" + roff(option.get_type_name()) + "\\fR" : "";
    return fmt::format(".TP\n{}{}\n{}\n", fmt::join(bold, ", "), value, roff(option.get_description()));
}

std::string roff_command(const CLI::App& command, const std::string& before = "exitaudit ") {
    const auto name = before + command.get_name();
    std::string text = fmt::format(".SS {}\n{}.\n", roff(name), roff(command.get_description()));
    for (const bool positional : {true, false})
        for (const auto* option : options_of(command, positional)) text += roff_option(*option);
    text += ".PP\n.nf\n" + roff_lines(command.get_footer()) + ".fi\n";
    for (const auto* own : commands_of(command)) text += roff_command(*own, name + " ");
    return text;
}

// For a word in single quotes of a shell.
std::string quoted(std::string text) {
    for (auto at = text.find('\''); at != std::string::npos; at = text.find('\'', at + 4))
        text.replace(at, 1, "'\\''");
    return "'" + text + "'";
}

std::string bash(const CLI::App& app) {
    std::vector<std::string> names;
    std::string cases;
    for (const auto* command : commands_of(app)) {
        std::vector<std::string> words;
        for (const auto* option : completed_options(*command))
            for (const auto& name : names_of(*option)) words.push_back(name);
        names.push_back(command->get_name());
        cases += fmt::format("    {}) words={} ;;\n", command->get_name(),
                             quoted(fmt::format("{}", fmt::join(words, " "))));
    }
    return fmt::format(
        R"(# Completes commands and options of exitaudit in bash; files are completed by bash itself.
_exitaudit() {{
    local cur=${{COMP_WORDS[COMP_CWORD]}} words=
    case $COMP_CWORD:${{COMP_WORDS[1]}} in
    1:*) words='{}' ;;
    *)
    [[ $cur == -* ]] && case ${{COMP_WORDS[1]}} in
{}    esac ;;
    esac
    mapfile -t COMPREPLY < <(compgen -W "$words" -- "$cur")
}}
complete -o default -F _exitaudit exitaudit
)",
        fmt::join(names, " "), cases);
}

// Colons, brackets and quotes have a meaning in _arguments.
std::string zsh_text(const std::string& text) {
    std::string result;
    for (const char c : text) {
        if (c == ':' || c == '[' || c == ']' || c == '\\') result += '\\';
        result += c;
    }
    return result;
}

std::string zsh(const CLI::App& app) {
    std::string commands, cases;
    for (const auto* command : commands_of(app)) {
        commands +=
            fmt::format("    {}\n", quoted(zsh_text(command->get_name()) + ":" + command->get_description()));
        cases += fmt::format("    {}) _arguments", command->get_name());
        for (const auto* option : completed_options(*command))
            for (const auto& name : names_of(*option))
                cases += fmt::format(
                    " \\\n        {}",
                    quoted(fmt::format("{}[{}]{}", name, zsh_text(option->get_description()),
                                       takes_value(*option)
                                           ? fmt::format(":{}:_files", zsh_text(option->get_type_name()))
                                           : "")));
        cases += " \\\n        '*:file:_files' ;;\n";
    }
    return fmt::format(R"(#compdef exitaudit
# Completes commands and options of exitaudit in zsh.
local -a commands=(
{})
if (( CURRENT == 2 )); then
    _describe command commands
else
    local command=$words[2]
    shift words
    (( CURRENT-- ))
    case $command in
{}    esac
fi
)",
                       commands, cases);
}

std::string fish(const CLI::App& app) {
    std::string text = "# Completes commands and options of exitaudit in fish.\n";
    for (const auto* command : commands_of(app)) {
        const auto name = command->get_name();
        text += fmt::format("complete -c exitaudit -f -n __fish_use_subcommand -a {} -d {}\n", name,
                            quoted(command->get_description()));
        for (const auto* option : completed_options(*command)) {
            std::string names;
            for (const auto& letter : option->get_snames()) names += " -s " + letter;
            for (const auto& word : option->get_lnames()) names += " -l " + word;
            text += fmt::format("complete -c exitaudit -n '__fish_seen_subcommand_from {}'{}{} -d {}\n", name,
                                names, takes_value(*option) ? " -r" : "", quoted(option->get_description()));
        }
    }
    return text;
}

struct ManualOptions {
    const CLI::App* app = nullptr;
    std::string shell; // empty: the man page
};

int print_manual(const ManualOptions& options) {
    fmt::print("{}",
               options.shell.empty() ? man_page(*options.app) : completion(*options.app, options.shell));
    return static_cast<int>(ExitCode::pass);
}

} // namespace

std::string man_page(const CLI::App& app) {
    std::string text =
        fmt::format(".TH EXITAUDIT 1 \"\" \"exitaudit {}\" \"User Commands\"\n"
                    ".SH NAME\nexitaudit \\- {}\n"
                    ".SH SYNOPSIS\n.B exitaudit\n.I COMMAND\n[\\fIOPTION\\fR...] [\\fIARGUMENT\\fR...]\n"
                    ".SH COMMANDS\n",
                    roff(program_version), roff(app.get_description()));
    for (const auto* command : commands_of(app)) text += roff_command(*command);
    return text + ".SH OVERVIEW\n.nf\n" + roff_lines(app.get_footer()) + ".fi\n";
}

std::string completion(const CLI::App& app, const std::string& shell) {
    return shell == "bash" ? bash(app) : shell == "zsh" ? zsh(app) : fish(app);
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
        ->check(CLI::IsMember({"bash", "zsh", "fish"}).description(""));
}

} // namespace exitaudit
