// Indexes and what tests them.
#include "exitaudit/reading/rules.hpp"

#include "exitaudit/support/pattern.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace exitaudit::grade {
namespace {

const std::string guests_ecx = "kvm_rcx_read";

// The greatest numbers of exits that KVM has a handler for: NOTIFY (uapi/asm/vmx.h) and VMGEXIT
// (uapi/asm/svm.h).
constexpr unsigned long last_vmx_reason = 75, last_svm_code = 0x403;

// By the name of the array and the id: a student changes the declaration once.
void add(std::vector<Remark>& remarks, std::string_view id, const std::string& array,
         const std::string& place, const std::string& text) {
    const auto start = fmt::format(": {} has ", array);
    for (const auto& remark : remarks)
        if (remark.note.text.find(start) != std::string::npos) return;
    remarks.push_back(
        {{std::string(id), fmt::format("{}{}{}", place, start, text)}, place, {"out-of-bounds"}});
}

void find_unguarded(const Program& program, std::vector<Remark>& remarks) {
    for (const auto& use : program.added("unguarded")) {
        const auto elements = program.elements(use.words[0]);
        if (!elements || program.is_tested(program.facts().copies_of({guests_ecx}, use), use, false))
            continue;
        add(remarks, "reads-unguarded-index", use.words[0], program.place(use),
            fmt::format("{} elements, and {} is the guest's ECX, which nothing tests: a guest reads what is "
                        "behind the array; compare it with ARRAY_SIZE({}) before",
                        *elements, use.words[1], use.words[0]));
    }
}

// The greatest value that the comparisons of this variable let through; none: there is no such comparison, or
// something else tests it.
std::optional<unsigned long> greatest_let_through(const Program& program, const std::string& name,
                                                  const Fact& use) {
    std::optional<unsigned long> greatest;
    std::set<unsigned long> singled_out;
    std::vector<std::string> understood;
    for (const auto& compare : program.facts().beside(use, "compares")) {
        if (compare.words[0] != name) continue;
        const auto& op = compare.words[1];
        const auto bound = program.value(compare.words[2]);
        if (!bound) return std::nullopt;
        understood.push_back(name + op + compare.words[2]);
        if (op == "==" || op == "!=") {
            singled_out.insert(*bound);
            continue;
        }
        const auto passes = op == ">" || op == "<=" ? *bound : *bound - std::min(*bound, 1UL);
        greatest = std::min(greatest.value_or(passes), passes);
    }
    for (const auto& test : program.facts().beside(use, "tests")) {
        auto rest = test.words[0];
        for (const auto& known : understood)
            for (auto at = rest.find(known); at != std::string::npos; at = rest.find(known))
                rest.replace(at, known.size(), "0");
        if (names_in(rest).contains(name)) return std::nullopt;
    }
    return greatest && !singled_out.contains(*greatest) ? greatest : std::nullopt;
}

void find_wrong_bounds(const Program& program, std::vector<Remark>& remarks) {
    for (const auto& use : program.added("element")) {
        const auto& [array, index] = std::pair(use.words[0], use.words[1]);
        const auto elements = program.elements(array);
        auto names = program.facts().copies_of({guests_ecx}, use);
        if (!elements || !names.erase(index)) continue;
        names.erase(guests_ecx);
        const auto last = greatest_let_through(program, index, use);
        if (!last || *last < *elements) continue;
        // A copy of the number, or what is made of it, may be tested; or the number by a function.
        const auto values = program.facts().beside(use, "copies");
        if (std::ranges::count(values, index, [](const Fact& copy) { return copy.words[0]; }) != 1) continue;
        if (program.is_tested(names, use, false) || program.is_passed(index, use)) continue;
        add(remarks, "reads-wrong-bound", array, program.place(use),
            fmt::format(
                "{} elements, 0 to {}, and the tests let {} = {} through: a guest reads what is behind "
                "the array; compare with >= ARRAY_SIZE({})",
                *elements, *elements - 1, index, *last, array));
    }
}

// Which end of the exits' numbers the file's vendor has.
std::optional<unsigned long> last_exit(const std::string& path) {
    if (path.find("/kvm/vmx/") != std::string::npos) return last_vmx_reason;
    if (path.find("/kvm/svm/") != std::string::npos) return last_svm_code;
    return std::nullopt;
}

// The variables that the index is made of, as far as they hold a reason.
Names reasons_in(const Program& program, const Fact& use) {
    static const Pattern reason("reason|exit_code|index");
    auto names = names_in(use.words[1]);
    for (const auto& copy : program.facts().beside(use, "copies"))
        if (copy.words[0] == use.words[1]) names.merge(names_in(copy.words[1]));
    std::erase_if(names, [&](const auto& name) { return name != use.words[1] && !reason.search(name); });
    return program.facts().copies_of(names, use);
}

void find_short_arrays(const Program& program, std::vector<Remark>& remarks) {
    for (const auto& use : program.added("element")) {
        const auto& [array, index] = std::pair(use.words[0], use.words[1]);
        const auto elements = program.elements(array);
        const auto last = last_exit(use.path);
        if (!elements || !last || *elements > *last || !program.is_on_exit_path(use)) continue;
        // KVM's own tests let all exits through that it handles.
        if (!program.is_exit_reason(index, use) || program.is_tested(reasons_in(program, use), use, true))
            continue;
        add(remarks, "reads-short-array", array, program.place(use),
            fmt::format(
                "{} elements, and {} is not tested: exits have numbers up to {}, and the greater ones "
                "write behind the array; compare with ARRAY_SIZE({}) before, or make it larger",
                *elements, index,
                *last == last_svm_code ? fmt::format("{:#x}", *last) : std::to_string(*last), array));
    }
}

} // namespace

std::vector<Remark> wrong_indexes(const Program& program) {
    std::vector<Remark> read, written;
    find_unguarded(program, read);
    find_wrong_bounds(program, read);
    find_short_arrays(program, written);
    read.insert(read.end(), written.begin(), written.end());
    return read;
}

} // namespace exitaudit::grade
