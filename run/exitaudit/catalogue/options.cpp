// The command line of `exitaudit list`.
#include "exitaudit/catalogue/list.hpp"

#include "exitaudit/support/command_line.hpp"

namespace exitaudit {
namespace {

constexpr auto list_footer = R"(
Examples:
  exitaudit list                         a line for each
  exitaudit list 'msr.*' -v              what these triggers cause, and why

Exit codes: 0 listed; 2 usage.)";

} // namespace

void add_list(CLI::App& app, Task& task)
{
    auto [command, options] =
        add_command(app, task, "list", "list the triggers and audits, and what exits they cause", list_footer,
                    list_catalogue);
    auto& form = options.form;
    auto* json = command.add_flag_callback(
        "--json", [&form] { form = ListForm::json; }, "list as a JSON document, with all details");
    command
        .add_flag_callback(
            "--markdown", [&form] { form = ListForm::markdown; }, "list as the page docs/catalogue.md")
        ->excludes(json);
    command.add_flag("-v,--verbose", options.verbose, "say with each expectation where it comes from");
    command.add_option("NAME", options.names, "triggers and audits, by name or glob (default: all)");
}

} // namespace exitaudit
