// Writing what completes words in a shell.
#include "exitaudit/manual/manual.hpp"

#include <fmt/ranges.h>

namespace exitaudit {
namespace {

// What completes a value: words, files or nothing.
struct Value {
    std::string words;
    bool is_file;
};

// What a shell completes after a command.
struct Completed {
    std::string name; // "run", "host top"
    std::string what;
    std::vector<CLI::Option*> options;
    Value argument; // of what it takes besides
};

// The words are the name of the option's check: one_of(), completed_by().
Value value_of(CLI::Option& option) {
    const auto type = option.get_type_name();
    const bool is_file = option.get_positional() || type == "FILE" || type == "DIR";
    try {
        const auto words = option.get_validator(0)->get_name();
        return {words, is_file && words.empty()};
    } catch (const CLI::OptionNotFound&) { // it has no check
        return {"", is_file};
    }
}

void collect(CLI::App& app, const std::string& before, std::vector<Completed>& all) {
    for (auto* command : commands_of(app)) {
        Completed completed{before + command->get_name(),
                            command->get_description(),
                            options_of(*command, false),
                            {"", false}};
        for (auto* option : options_of(*command, true)) {
            const auto [words, is_file] = value_of(*option);
            completed.argument = {completed.argument.words + " " + words, is_file};
        }
        for (const auto* own : commands_of(*command)) completed.argument.words += " " + own->get_name();
        completed.argument.words.erase(0, completed.argument.words.find_first_not_of(' '));
        all.push_back(completed);
        collect(*command, completed.name + " ", all);
    }
}

bool is_nested(const Completed& command) { return command.name.find(' ') != std::string::npos; }

// For a word in single quotes of a shell.
std::string quoted(std::string text) {
    for (auto at = text.find('\''); at != std::string::npos; at = text.find('\'', at + 4))
        text.replace(at, 1, "'\\''");
    return "'" + text + "'";
}

std::string bash(const std::vector<Completed>& commands) {
    std::string names, nested, cases;
    for (const auto& command : commands) {
        if (is_nested(command))
            nested += fmt::format("    {0}) ((COMP_CWORD > 2)) && command={0} ;;\n", quoted(command.name));
        else
            names += " " + command.name;
        std::string values, options;
        for (auto* option : command.options) {
            const auto names_here = names_of(*option);
            options += fmt::format(" {}", fmt::join(names_here, " "));
            if (takes_value(*option))
                values += fmt::format("        {}) words={} ;;\n", fmt::join(names_here, " | "),
                                      quoted(value_of(*option).words));
        }
        cases += fmt::format("    {})\n        case $before in\n{}        *) if [[ $cur == -* ]]; then "
                             "words={}; else words={}; fi ;;\n        esac ;;\n",
                             quoted(command.name), values, quoted(options.substr(1)),
                             quoted(command.argument.words));
    }
    return fmt::format(R"(# Completes words of exitaudit in bash; files are completed by bash itself.
_exitaudit() {{
    local cur=${{COMP_WORDS[COMP_CWORD]}} before=${{COMP_WORDS[COMP_CWORD - 1]}} command=${{COMP_WORDS[1]}} words=
    case "$command ${{COMP_WORDS[2]-}}" in
{}    esac
    ((COMP_CWORD > 1)) || command=
    case $command in
    '') words={} ;;
{}    esac
    mapfile -t COMPREPLY < <(compgen -W "$words" -- "$cur")
}}
complete -o default -F _exitaudit exitaudit
)",
                       nested, quoted(names.substr(1)), cases);
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

std::string zsh_action(const Value& value) {
    return value.is_file ? "_files" : value.words.empty() ? " " : fmt::format("({})", value.words);
}

std::string zsh_option(CLI::Option& option, const std::string& name) {
    const auto value = takes_value(option) ? fmt::format(":{}:{}", zsh_text(option.get_type_name()),
                                                         zsh_action(value_of(option)))
                                           : "";
    return quoted(fmt::format("{}[{}]{}", name, zsh_text(option.get_description()), value));
}

std::string zsh(const std::vector<Completed>& commands) {
    std::string names, nested, cases;
    for (const auto& command : commands) {
        if (is_nested(command))
            nested +=
                fmt::format("    {0}) (( CURRENT > 3 )) && command={0} given=2 ;;\n", quoted(command.name));
        else
            names += fmt::format("    {}\n", quoted(command.name + ":" + command.what));
        cases += fmt::format("    {}) _arguments", quoted(command.name));
        for (auto* option : command.options)
            for (const auto& name : names_of(*option)) cases += " \\\n        " + zsh_option(*option, name);
        cases += fmt::format(" \\\n        {} ;;\n", quoted("*:argument:" + zsh_action(command.argument)));
    }
    return fmt::format(R"(#compdef exitaudit
# Completes words of exitaudit in zsh.
local -a commands=(
{})
local command=$words[2] given=1
if (( CURRENT == 2 )); then
    _describe command commands
else
    case "$words[2] $words[3]" in
{}    esac
    shift $given words
    (( CURRENT -= given ))
    case $command in
{}    esac
fi
)",
                       names, nested, cases);
}

// Has fish seen these words, and none that makes them another command's?
std::string fish_condition(const Completed& command, const std::vector<Completed>& commands) {
    const auto seen = [](const std::string& name) { return "__fish_seen_subcommand_from " + name; };
    const auto parts = [](const std::string& name) {
        const auto space = name.find(' ');
        return std::pair(name.substr(0, space), name.substr(space + 1));
    };
    const auto [first, last] = parts(command.name);
    if (is_nested(command)) return quoted(seen(first) + "; and " + seen(last));
    auto condition = seen(first);
    for (const auto& other : commands)
        if (is_nested(other)) {
            const auto [parent, own] = parts(other.name);
            if (first == parent) condition += "; and not " + seen(own);
            if (first == own) condition += "; and not " + seen(parent);
        }
    return quoted(condition);
}

std::string fish(const std::vector<Completed>& commands) {
    std::string text = "# Completes words of exitaudit in fish.\n";
    for (const auto& command : commands) {
        const auto condition = fish_condition(command, commands);
        if (!is_nested(command))
            text += fmt::format("complete -c exitaudit -f -n __fish_use_subcommand -a {} -d {}\n",
                                command.name, quoted(command.what));
        if (!command.argument.is_file)
            text += fmt::format("complete -c exitaudit -f -n {} -a {}\n", condition,
                                quoted(command.argument.words));
        for (auto* option : command.options) {
            std::string names;
            for (const auto& letter : option->get_snames()) names += " -s " + letter;
            for (const auto& word : option->get_lnames()) names += " -l " + word;
            const auto [words, is_file] = value_of(*option);
            const auto value = !takes_value(*option) ? ""
                               : is_file             ? " -r -F"
                               : words.empty()       ? " -x"
                                                     : " -x -a " + quoted(words);
            text += fmt::format("complete -c exitaudit -n {}{}{} -d {}\n", condition, names, value,
                                quoted(option->get_description()));
        }
    }
    return text;
}

} // namespace

std::string completion(CLI::App& app, const std::string& shell) {
    std::vector<Completed> commands;
    collect(app, "", commands);
    return shell == "bash" ? bash(commands) : shell == "zsh" ? zsh(commands) : fish(commands);
}

} // namespace exitaudit
