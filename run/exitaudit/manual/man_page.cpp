// Writing the man page, with the sections that man-pages(7) names.
#include "exitaudit/manual/manual.hpp"

#include "exitaudit/support/exit_code.hpp"

#include <fmt/ranges.h>

#include <sstream>

namespace exitaudit {
namespace {

// What no option tells.
struct Entry {
    const char *name, *what;
};
constexpr Entry environment[]{
    {"EXITAUDIT_BUILD", "The directory of the built files, where --build gives none."},
    {"XDG_CACHE_HOME", "An installed exitaudit builds embedded hosts in exitaudit/ in this directory, "
                       "~/.cache by default."}};
constexpr Entry files[]{
    {"PREFIX/lib/exitaudit/", "The program and the guest's images: unikernel-pvh.elf, and unikernel.elf for "
                              "Multiboot 1."},
    {"PREFIX/share/exitaudit/", "The series of patches for KVM, and what builds embedded hosts."},
    {"PREFIX/share/doc/exitaudit/", "The documentation, and examples for libvirt, other monitors and CI."},
    {"~/.cache/exitaudit/", "What was built of these. It may be deleted."},
    {"/lib/modules/RELEASE/updates/dkms/", "The modules that `exitaudit host install` puts there."}};

constexpr auto see_also =
    ".BR qemu\\-system\\-x86_64 (1),\n.BR perf\\-kvm (1),\n.BR virsh (1),\n.BR dkms (8)\n";

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
    return ".nf\n" + result + ".fi\n";
}

std::string roff_option(const CLI::Option& option) {
    const auto names = names_of(option);
    std::vector<std::string> bold;
    for (const auto& name : names.empty() ? std::vector{option.get_name(true)} : names)
        bold.push_back("\\fB" + roff(name) + "\\fR");
    const auto value =
        takes_value(option) && !names.empty() ? " \\fI" + roff(option.get_type_name()) + "\\fR" : "";
    const auto fallback = option.get_default_str();
    return fmt::format(".TP\n{}{}\n{}{}\n", fmt::join(bold, ", "), value, roff(option.get_description()),
                       fallback.empty() ? "" : roff(fmt::format(" (default: {})", fallback)));
}

std::string roff_command(CLI::App& command, const std::string& before = "exitaudit ") {
    const auto name = before + command.get_name();
    std::string text = fmt::format(".SS {}\n{}.\n", roff(name), roff(command.get_description()));
    for (const bool positional : {true, false})
        for (const auto* option : options_of(command, positional)) text += roff_option(*option);
    text += ".PP\n" + roff_lines(command.get_footer());
    for (auto* own : commands_of(command)) text += roff_command(*own, name + " ");
    return text;
}

template <std::size_t size> std::string roff_entries(const char* title, const Entry (&entries)[size]) {
    std::string text = fmt::format(".SH {}\n", title);
    for (const auto& [name, what] : entries)
        text += fmt::format(".TP\n\\fB{}\\fR\n{}\n", roff(name), roff(what));
    return text;
}

} // namespace

std::string man_page(CLI::App& app) {
    std::string text =
        fmt::format(".TH EXITAUDIT 1 \"\" \"exitaudit {}\" \"User Commands\"\n"
                    ".SH NAME\nexitaudit \\- {}\n"
                    ".SH SYNOPSIS\n.B exitaudit\n.I COMMAND\n[\\fIOPTION\\fR...] [\\fIARGUMENT\\fR...]\n"
                    ".SH COMMANDS\n",
                    roff(program_version), roff(app.get_description()));
    for (auto* command : commands_of(app)) text += roff_command(*command);
    // The footer has the examples, then the exit codes.
    const auto footer = app.get_footer(), codes = std::string("Exit codes: ");
    const auto at = footer.find(codes), examples = footer.find("Examples:\n") + sizeof("Examples:");
    return text + ".SH EXIT STATUS\n" + roff_lines(footer.substr(at + codes.size())) +
           roff_entries("ENVIRONMENT", environment) + roff_entries("FILES", files) + ".SH EXAMPLES\n" +
           roff_lines(footer.substr(examples, at - examples)) + ".SH SEE ALSO\n" + see_also;
}

} // namespace exitaudit
