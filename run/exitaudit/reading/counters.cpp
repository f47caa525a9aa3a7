// Counters: who adds to them, and what keeps exits from them.
#include "exitaudit/reading/rules.hpp"

#include "exitaudit/support/pattern.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace exitaudit::grade {
namespace {

std::vector<Fact> together(std::initializer_list<std::vector<Fact>> lists) {
    std::vector<Fact> all;
    for (const auto& list : lists) all.insert(all.end(), list.begin(), list.end());
    std::ranges::stable_sort(all, [](const Fact& one, const Fact& other) {
        return std::tie(one.path, one.line) < std::tie(other.path, other.line);
    });
    return all;
}

bool takes_locks(const Program& program) {
    static const Pattern lock("(^|_)(lock|trylock|mutex|spin|down|guard)(_|$)");
    const auto calls = program.added("calls");
    return std::ranges::any_of(calls,
                               [&](const Fact& call) { return lock.search(call.words[0]).has_value(); });
}

bool is_array(const Fact& count) { return count.words[1] != "-"; }

bool is_scalar_of_its_own(const Program& program, const Fact& count) {
    return !is_array(count) && program.conditions(count).empty();
}

// What this return keeps exits from; empty: nothing that is known to be frequent.
std::string kept_away(const Fact& leave) {
    static const Pattern one(".*exit_(reason\\.basic|reason|code)==(EXIT_REASON_|SVM_EXIT_)([A-Z_0-9]+)");
    if (leave.words[0] == "exit_fastpath!=EXIT_FASTPATH_NONE") return "all that the fastpath handled";
    const auto found = one.match(leave.words[0]);
    return found ? found->at(3) : "";
}

// May some other code that these exits pass count it, too? `all` is whatever may add.
bool is_counted_elsewhere(const std::vector<Fact>& all, const Fact& count) {
    const auto vendor = [](const Fact& fact) { return fact.path.substr(0, fact.path.rfind('/')); };
    constexpr std::string_view shared = "arch/x86/kvm";
    return std::ranges::any_of(all, [&](const Fact& other) {
        const bool same = other.kind == "passes" ? without_brackets(other.words[1]) == "&" + count.words[0]
                                                 : other.words[0] == count.words[0];
        return same && (vendor(other) == vendor(count) || vendor(other) == shared) &&
               (other.path != count.path || other.function != count.function || other.line < count.line);
    });
}

std::vector<Fact> changed_by_address(const Program& program) {
    static const Pattern only_reads("(arch_|raw_)?atomic(64|_long)?_read");
    auto passes = program.added("passes");
    std::erase_if(passes, [](const Fact& pass) { return only_reads.match(pass.words[0]).has_value(); });
    return passes;
}

void find_early_returns(const Program& program, const std::vector<Fact>& counts,
                        std::vector<Remark>& remarks) {
    const auto all = together({counts, program.added("adds"), changed_by_address(program)});
    std::set<std::string> reported;
    for (const auto& count : counts) {
        static const Pattern handler("_*(vmx|svm)_(handle_exit|invoke_exit_handler)");
        if (!handler.match(count.function) || is_counted_elsewhere(all, count)) continue;
        if (!is_array(count) && !is_scalar_of_its_own(program, count)) continue;
        std::string lost;
        bool fast = false, shortcut = false;
        for (const auto& leave : program.facts().beside(count, "leaves")) {
            const auto what = leave.line < count.line ? kept_away(leave) : "";
            if (what.empty()) continue;
            (what.starts_with("all ") ? fast : shortcut) = true;
            lost += (lost.empty() ? "" : ", ") + what;
        }
        if (lost.empty() || !reported.insert(count.function).second) continue;
        Remark remark{
            {"reads-after-return", fmt::format("{}: {} is counted behind returns of {}() that some exits "
                                               "take, and misses these: {}; count before the first of them",
                                               program.place(count), count.words[0], count.function, lost)},
            program.place(count),
            {}};
        if (shortcut) remark.causes.push_back("retpoline-shortcut");
        if (fast) remark.causes.push_back("lost-fastpath");
        remarks.push_back(std::move(remark));
    }
}

// Is the statement before, in the same block, a return? Labels between them lead here.
bool is_behind_return(const CSource& code, std::size_t line) {
    static const Pattern leaves("return( .*|\\(.*)?;.*"), plain("[A-Za-z_+*(].*;");
    auto statement = code.statement(line);
    if (code_of(code, statement).starts_with("if") || code_of(code, statement).starts_with("else"))
        return false;
    while (statement.first > 0) {
        auto before = statement.first - 1;
        while (before > 0 && code.code(before).empty()) --before;
        if (code.enclosing(before) != code.enclosing(line)) return false;
        statement = code.statement(before);
        if (leaves.match(code_of(code, statement))) return true;
        if (!plain.match(code_of(code, statement))) return false;
        if (names_in(code_of(code, statement)).contains("if") ||
            names_in(code_of(code, statement)).contains("else"))
            return false;
    }
    return false;
}

} // namespace

std::vector<Remark> racing_counters(const Program& program) {
    if (takes_locks(program)) return {};
    std::vector<Remark> remarks;
    std::set<std::string> reported;
    std::string others;
    for (const auto& count : together({program.added("counts"), program.added("adds")})) {
        const auto& name = count.words[0];
        if (!program.is_on_exit_path(count) || !program.is_global_number(name)) continue;
        if (is_array(count) && !program.is_exit_reason(count.words[1], count)) continue;
        if (!reported.insert(name).second) continue;
        const auto place = program.place(count);
        if (remarks.empty())
            remarks.push_back({{"reads-not-atomic",
                                fmt::format("{}: {} is a global that every vCPU adds to, and not atomically: "
                                            "two vCPUs at once lose counts; make it an atomic64_t and use "
                                            "atomic64_inc() or atomic64_add(), or count per vCPU",
                                            place, name)},
                               place,
                               {"racing-counters"}});
        else
            others += fmt::format("{}{} ({})", others.empty() ? "" : ", ", name, place);
    }
    if (!others.empty()) remarks.front().note.text += "; the same holds for " + others;
    return remarks;
}

std::vector<Remark> late_counters(const Program& program) {
    std::vector<Remark> remarks;
    const auto counts = together({program.added("counts"), program.added("atomic")});
    for (const auto& count : counts) {
        if (!is_behind_return(program.source(count), count.line - 1)) continue;
        const auto place = program.place(count);
        remarks.push_back(
            {{"reads-after-return",
              fmt::format("{}: {} is counted behind a return in the same block: this line never "
                          "runs; count before the return",
                          place, count.words[0])},
             place,
             {}});
        break; // the others are behind it, too
    }
    if (remarks.empty()) find_early_returns(program, counts, remarks);
    return remarks;
}

} // namespace exitaudit::grade
