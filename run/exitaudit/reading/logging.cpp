// Lines for the kernel's log.
#include "exitaudit/reading/rules.hpp"

#include "exitaudit/support/pattern.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace exitaudit::grade {
namespace {

// What a guest's query or the exit decides, and no option or limit of the host's.
bool depends_on_exit_only(const Program& program, const std::string& condition, const Fact& line) {
    static const Pattern keyword("if|else|switch|unlikely|likely|vcpu|vmx|svm"), constant("[A-Z_0-9]+"),
        limit("limit|once|\\( *\\)"),
        theirs("basic|arch|regs|[re]?[abcd]x|exit_reason|exit_code|leaf|reason|u(8|16|32|64)");
    if (limit.search(condition)) return false;
    const auto registers = program.facts().copies_of({"kvm_rax_read", "kvm_rcx_read"}, line);
    const auto calls = program.facts().beside(line, "calls");
    bool has_theirs = false, has_others = false; // a lone constant is an option
    for (const auto& name : names_in(condition)) {
        if (keyword.match(name)) continue;
        const bool known = theirs.match(name) || registers.contains(name);
        (known ? has_theirs : has_others) = true;
        if (!known && !constant.match(name) &&
            std::ranges::find(calls, name, [](const Fact& call) { return call.words[0]; }) == calls.end())
            return false;
    }
    return has_theirs || !has_others;
}

} // namespace

std::vector<Remark> log_lines(const Program& program) {
    static const Pattern log(
        "printk|_printk|pr_(emerg|alert|crit|err|warn|warning|notice|info)|kvm_(info|err)");
    std::vector<Remark> remarks;
    std::string others;
    for (const auto& call : program.added("calls")) {
        const bool query = program.is_in_query_function(call);
        if (!log.match(call.words[0]) || (!query && !program.is_in_exit_function(call))) continue;
        const auto conditions = program.conditions(call);
        if (!std::ranges::all_of(conditions,
                                 [&](const auto& text) { return depends_on_exit_only(program, text, call); }))
            continue;
        const auto place = program.place(call);
        if (remarks.empty())
            remarks.push_back(
                {{"reads-printk",
                  fmt::format("{}: {}() writes a line to the host's log on each {} that comes here: it is "
                              "slow, and a guest can flood the log; remove it, or use pr_debug()",
                              place, call.words[0], query ? "query" : "exit")},
                 place,
                 {"slow-query"}});
        else
            others += (others.empty() ? "" : ", ") + place;
    }
    if (!others.empty()) remarks.front().note.text += "; so do the lines at " + others;
    return remarks;
}

} // namespace exitaudit::grade
