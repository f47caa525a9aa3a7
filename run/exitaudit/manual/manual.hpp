// The man page and the shells' completions, made of the same options and texts as --help.
#pragma once

#include "exitaudit/support/task.hpp"

#include <CLI/CLI.hpp>

#include <string>

namespace exitaudit {

// The man page exitaudit(1), in man(7)'s language.
std::string man_page(const CLI::App& app);

// What completes commands and options in this shell: bash, zsh or fish.
std::string completion(const CLI::App& app, const std::string& shell);

// The commands `man` and `completion`, which --help does not list: packages use them.
void add_manual(CLI::App& app, Task& task);

} // namespace exitaudit
