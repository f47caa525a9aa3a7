// Questions about a source.
#include "exitaudit/reading/program.hpp"

#include "exitaudit/support/pattern.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <sstream>

namespace exitaudit::grade {
namespace {

// Each exit passes some of these, and each query the last one.
const Names exit_entries{"vmx_handle_exit",     "__vmx_handle_exit", "vmx_vcpu_run",
                         "vmx_vcpu_enter_exit", "svm_handle_exit",   "svm_invoke_exit_handler",
                         "svm_vcpu_enter_exit", "svm_vcpu_run",      "vcpu_enter_guest",
                         "kvm_emulate_cpuid"};

// Does this function take its arguments as they are, and test none? Exits' own functions are none of these.
bool tests_nothing(const std::string& function) {
    static const Pattern harmless(
        "kvm_r[abcd]x_(read|write)|kvm_cpuid|printk|pr_[a-z]+|"
        "(arch_|raw_)?atomic[a-z0-9_]*|trace_[a-z_]*|svm_invoke_exit_handler|to_vmx|to_svm|rdtsc");
    return harmless.match(function).has_value();
}

bool mentions(const std::string& code, const Names& names) {
    const auto found = names_in(without_brackets(code));
    return std::ranges::any_of(found, [&](const auto& name) { return names.contains(name); });
}

std::optional<unsigned long> number(const std::string& text) {
    static const Pattern literal("\\(*(0[xX][0-9a-fA-F]{1,8}|[1-9][0-9]{0,8}|0)[uUlL]*\\)*");
    const auto found = literal.match(text);
    return found ? std::optional(std::stoul(found->at(1), nullptr, 0)) : std::nullopt;
}

// The lines between an #if that was added and its #endif, from 1.
std::set<std::size_t> optional_lines(const PlacedFile& file, const CSource& source) {
    std::set<std::size_t> lines;
    std::vector<bool> added;
    for (std::size_t line = 1; line <= source.lines().size(); ++line) {
        const auto code = squeezed(source.code(line - 1));
        if (code.starts_with("#if")) added.push_back(file.origins.contains(line));
        if (code.starts_with("#endif") && !added.empty()) added.pop_back();
        if (std::ranges::find(added, true) != added.end()) lines.insert(line);
    }
    return lines;
}

} // namespace

std::string code_of(const CSource& source, LineRange range) {
    std::string text;
    for (auto line = range.first; line <= range.last; ++line)
        if (!source.code(line).empty()) text += (text.empty() ? "" : " ") + source.code(line);
    return text;
}

Program::Program(const std::vector<PlacedFile>& files, Facts facts)
    : files_(files), facts_(std::move(facts)) {
    static const Pattern macro("#[ \t]*define[ \t]+([A-Za-z_0-9]+)[ \t]+(.*[^ \t])[ \t]*");
    exit_path_ = facts_.called_by(exit_entries);
    for (const auto& file : files_) {
        const auto& source = sources_.emplace(file.path, CSource(file.text)).first->second;
        for (const auto& [line, origin] : file.origins)
            if (const auto found = macro.match(source.code(line - 1)))
                if (const auto is = number(found->at(2))) macros_[found->at(1)] = *is;
        optional_lines_[file.path] = optional_lines(file, source);
    }
}

bool Program::is_added(const Fact& fact) const {
    const auto file = std::ranges::find(files_, fact.path, &PlacedFile::path);
    return file != files_.end() && file->origins.contains(fact.line);
}

std::vector<Fact> Program::added(std::string_view kind) const {
    auto found = facts_.of(kind);
    std::erase_if(found, [&](const Fact& fact) {
        return !is_added(fact) || optional_lines_.at(fact.path).contains(fact.line);
    });
    return found;
}

bool Program::is_in_exit_function(const Fact& fact) const { return exit_entries.contains(fact.function); }

bool Program::is_in_query_function(const Fact& fact) const {
    const auto& calls = facts_.of("calls");
    if (std::ranges::any_of(calls, [&](const Fact& c) { return c.words[0] == fact.function && is_added(c); }))
        return false;
    const auto* item = source(fact).item_at(fact.line - 1);
    return fact.function == "kvm_emulate_cpuid" ||
           (item && has_leaf(code_of(source(fact), {item->first, item->last})));
}

std::string Program::place(const Fact& fact) const {
    const auto file = std::ranges::find(files_, fact.path, &PlacedFile::path);
    return fmt::format("{}:{}", std::filesystem::path(fact.path).filename().string(),
                       file->origins.at(fact.line));
}

bool Program::is_global_number(const std::string& name) const {
    static const Pattern type("((static|volatile|unsigned|signed|long|int|short|char|u?int(8|16|32|64)_t|"
                              "[us](8|16|32|64))+)(\\[[^][]*\\])?");
    bool is_global = false;
    for (const auto& variable : facts_.of("variable")) {
        if (variable.words[0] != name) continue;
        // A local variable of this name, somewhere, could be what is meant.
        if (variable.function != name && variable.function != "something_else") return false;
        if (!is_added(variable) || !type.match(variable.words[1])) return false;
        is_global = true;
    }
    return is_global;
}

std::optional<unsigned long> Program::elements(const std::string& array) const {
    std::optional<unsigned long> elements;
    for (const auto& variable : facts_.of("array")) {
        if (variable.words[0] != array) continue;
        if (variable.function != array && variable.function != "something_else") return std::nullopt;
        const auto size = is_added(variable) ? value(variable.words[2]) : std::nullopt;
        if (!size || (elements && *elements != *size)) return std::nullopt;
        elements = size;
    }
    return elements;
}

std::optional<unsigned long> Program::value(const std::string& expression) const {
    std::istringstream terms(expression);
    unsigned long sum = 0;
    bool any = false;
    for (std::string term; std::getline(terms, term, '+'); any = true) {
        const auto macro = macros_.find(term);
        const auto is = macro == macros_.end() ? number(term) : std::optional(macro->second);
        if (!is) return std::nullopt;
        sum += *is;
    }
    return any ? std::optional(sum) : std::nullopt;
}

bool Program::is_exit_reason(const std::string& index, const Fact& in) const {
    static const Pattern reason("exit_reason|exit_code"),
        member("(\\([a-z0-9_]+\\))?[A-Za-z_0-9]+(\\(vcpu\\))?((->|\\.)[A-Za-z_0-9]+)*"),
        bounded_by_kvm("array_index_nospec\\(.*,kvm_vmx_max_exit_handlers\\)");
    bool is_reason = member.match(index) && reason.search(index);
    for (const auto& copy : facts_.beside(in, "copies")) {
        if (copy.words[0] != index) continue;
        const auto& value = copy.words[1];
        if (!reason.search(value) || (!member.match(value) && !bounded_by_kvm.match(value))) return false;
        is_reason = true;
    }
    return is_reason;
}

bool Program::is_tested(const Names& names, const Fact& in, bool only_added) const {
    const auto counts = [&](const Fact& fact) { return !only_added || is_added(fact); };
    for (const auto* kind : {"tests", "compares"})
        for (const auto& test : facts_.beside(in, kind))
            if (counts(test) && (mentions(test.words[0], names) || mentions(test.words[2], names)))
                return true;
    for (const auto& pass : facts_.beside(in, "passes"))
        if (counts(pass) && !tests_nothing(pass.words[0]) && mentions(pass.words[1], names)) return true;
    return std::ranges::any_of(names, [&](const auto& name) { return is_switched_or_changed(name, in); });
}

// facts.cocci has no word for a switch.
bool Program::is_switched_or_changed(const std::string& name, const Fact& in) const {
    if (names_in(name) != Names{name}) return false; // an expression, which would be a regular one, too
    static const Pattern selection("switch ?\\((.*)\\).*");
    const Pattern change("(^|[^A-Za-z0-9_>.])" + name + " *([-+*/%&|^]=|<<=|>>=|\\+\\+|--)");
    const auto& code = source(in);
    const auto* item = code.item_at(in.line - 1);
    for (auto line = item ? item->first : 0; item && line <= item->last; ++line) {
        if (change.search(code.code(line))) return true;
        if (const auto found = selection.search(code.code(line)); found && mentions(found->at(1), {name}))
            return true;
    }
    return false;
}

Names Program::functions_given(const std::string& name, const Fact& in) const {
    Names functions;
    for (const auto& pass : facts_.beside(in, "passes"))
        if (!tests_nothing(pass.words[0]) && mentions(pass.words[1], {name})) functions.insert(pass.words[0]);
    return functions;
}

std::vector<std::string> Program::conditions(const Fact& fact) const {
    const auto& code = source(fact);
    std::vector<std::string> conditions;
    const auto line = fact.line - 1;
    auto heads = code.enclosing(line);
    if (!heads.empty()) heads.erase(heads.begin());
    for (std::size_t head = 0; head < heads.size(); ++head) {
        conditions.push_back(code_of(code, code.statement(heads[head])));
        // Of an else, the if.
        for (const auto partner : code.partners(heads[head]))
            if (partner < heads[head]) heads.push_back(partner);
    }
    // "if (x)" and what it governs are one statement; "else" may be alone.
    const auto statement = code.statement(line);
    static const Pattern governed("^(} )?(if|else|while|for|do)([^A-Za-z0-9_].*)?$");
    if (const auto text = code_of(code, statement); governed.match(text)) conditions.push_back(text);
    return conditions;
}

} // namespace exitaudit::grade
