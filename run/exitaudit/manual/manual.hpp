// The man page and the shells' completions, made of the same options and texts as --help.
#pragma once

#include "exitaudit/support/task.hpp"

#include <CLI/CLI.hpp>

#include <string>
#include <vector>

namespace exitaudit {

// The man page exitaudit(1), in man(7)'s language.
std::string man_page(CLI::App& app);

// What completes words in this shell: bash, zsh or fish.
std::string completion(CLI::App& app, const std::string& shell);

// A command's own commands, as --help lists them; its options, or what it takes besides; an option's names,
// like "-h" and "--help".
std::vector<CLI::App*> commands_of(CLI::App& app);
std::vector<CLI::Option*> options_of(CLI::App& command, bool positional);
std::vector<std::string> names_of(const CLI::Option& option);

inline bool takes_value(const CLI::Option& option) { return option.get_items_expected_max() > 0; }

// The commands `man` and `completion`, which --help does not list: packages use them.
void add_manual(CLI::App& app, Task& task);

} // namespace exitaudit
