// Lines for the kernel's log.
#include "exitaudit/reading/rules.hpp"

#include "exitaudit/support/pattern.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace exitaudit::grade {
namespace {

// What a guest's query or the exit decides, and no option or limit of the host's.
bool depends_on_exit_only(const Program& program, const std::string& condition, const Fact& line) {
    static const Pattern ours(
        "[A-Z_0-9]+|if|else|switch|case|unlikely|likely|basic|arch|regs|u8|u16|u32|u64|[re]?[abcd]x|"
        "exit_reason|exit_code|leaf|reason");
    static const Pattern limit("limit|once");
    if (limit.search(condition)) return false;
    const auto registers = program.facts().copies_of({"kvm_rax_read", "kvm_rcx_read"}, line);
    const auto calls = program.facts().beside(line, "calls");
    const auto names = names_in(condition);
    return std::ranges::all_of(names, [&](const auto& name) {
        return ours.match(name) || registers.contains(name) ||
               std::ranges::any_of(calls, [&](const Fact& call) { return call.words[0] == name; });
    });
}

} // namespace

std::vector<Remark> log_lines(const Program& program) {
    static const Pattern log(
        "printk|_printk|pr_(emerg|alert|crit|err|warn|warning|notice|info)|kvm_(info|err)");
    std::vector<Remark> remarks;
    std::string others;
    for (const auto& call : program.added("calls")) {
        if (!log.match(call.words[0]) || !program.is_on_exit_path(call)) continue;
        const auto conditions = program.conditions(call);
        if (!std::ranges::all_of(conditions,
                                 [&](const auto& text) { return depends_on_exit_only(program, text, call); }))
            continue;
        const auto place = program.place(call);
        if (remarks.empty())
            remarks.push_back(
                {{"reads-printk",
                  fmt::format("{}: {}() in {}() writes to the kernel's log each time a guest's "
                              "{} comes here, which takes longer than the exit itself; remove it",
                              place, call.words[0], call.function,
                              call.function == "kvm_emulate_cpuid" ? "query" : "exit")},
                 place,
                 {"slow-query"}});
        else
            others += (others.empty() ? "" : ", ") + place;
    }
    if (!others.empty()) remarks.front().note.text += "; so do " + others;
    return remarks;
}

} // namespace exitaudit::grade
