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

// One sentence for all arrays with the same fault.
void add(std::vector<Remark>& remarks, std::string_view id, const std::string& array,
         const std::string& place, const std::string& text) {
    const auto known = std::ranges::find(remarks, id, [](const Remark& remark) { return remark.note.id; });
    if (known == remarks.end())
        remarks.push_back(
            {{std::string(id), fmt::format("{}: {} has {}", place, array, text)}, place, {"out-of-bounds"}});
    else
        known->note.text += fmt::format("; the same holds for {} ({})", array, place);
}

void find_unguarded(const Program& program, std::vector<Remark>& remarks) {
    Names reported;
    for (const auto& use : program.added("unguarded")) {
        if (reported.contains(use.words[0])) continue;
        const auto elements = program.elements(use.words[0]);
        if (!elements || !program.is_in_query_function(use) ||
            program.is_tested(program.facts().copies_of({guests_ecx}, use), use, false))
            continue;
        reported.insert(use.words[0]);
        add(remarks, "reads-unguarded-index", use.words[0], program.place(use),
            fmt::format("{} elements, and {} is the guest's ECX, which nothing tests: a guest reads what is "
                        "behind the array; compare it with ARRAY_SIZE({}) before",
                        *elements, use.words[1], use.words[0]));
    }
}

// What the comparisons of a variable let through.
struct Bounds {
    bool understood = true; // nothing else tests it
    std::optional<unsigned long> greatest;
    std::set<unsigned long> singled_out;

    // A number from here on that they treat as those below it.
    std::optional<unsigned long> beyond(unsigned long elements) const {
        if (!understood || !greatest) return std::nullopt;
        for (auto number = elements; number <= *greatest; ++number)
            if (!singled_out.contains(number)) return number;
        return std::nullopt;
    }
};

void add_comparisons(const Program& program, const std::string& name, const Fact& use, Bounds& bounds) {
    std::vector<std::string> known;
    for (const auto& compare : program.facts().beside(use, "compares")) {
        if (compare.words[0] != name) continue;
        const auto& op = compare.words[1];
        const auto value = program.value(compare.words[2]);
        if (!value) {
            bounds.understood = false;
            return;
        }
        known.push_back(name + op + compare.words[2]);
        if (op == "==" || op == "!=") {
            bounds.singled_out.insert(*value);
            continue;
        }
        if (*value == 0) continue; // a number without sign is not below
        const auto passes = op == ">" || op == "<=" ? *value : *value - 1;
        bounds.greatest = std::min(bounds.greatest.value_or(passes), passes);
    }
    // Longest first: "reason==6" is also the start of "reason==65".
    std::ranges::sort(known, std::greater(), &std::string::size);
    for (const auto& test : program.facts().beside(use, "tests")) {
        auto rest = test.words[0];
        for (const auto& text : known)
            for (auto at = rest.find(text); at != std::string::npos; at = rest.find(text))
                rest.replace(at, text.size(), "0");
        // A function that it is handed to is looked at by add_bounds().
        static const Pattern call("[A-Za-z_0-9]+\\([A-Za-z_0-9]+\\)");
        while (const auto found = call.search(rest))
            rest.replace(rest.find(found->at(0)), found->at(0).size(), "0");
        if (names_in(rest).contains(name)) bounds.understood = false;
    }
}

// With what functions of the submission's, like is_defined(reason), compare it with.
Bounds bounds_of(const Program& program, const std::string& name, const Fact& use) {
    Bounds bounds;
    add_comparisons(program, name, use, bounds);
    for (const auto& function : program.functions_given(name, use)) {
        const auto parameters = program.added("parameter");
        const auto own =
            std::ranges::find(parameters, function, [](const Fact& fact) { return fact.words[0]; });
        if (own == parameters.end() || program.is_switched_or_changed(own->words[1], *own) ||
            !program.functions_given(own->words[1], *own).empty() ||
            !program.facts().beside(*own, "copies").empty()) {
            bounds.understood = false;
            break;
        }
        add_comparisons(program, own->words[1], *own, bounds);
    }
    return bounds;
}

// Adds a remark of this id on the first use of each array for which judge(use, elements) has a text.
template <typename Judge>
void remark_on_arrays(const Program& program, std::vector<Remark>& remarks, const char* id, Judge judge) {
    Names reported;
    for (const auto& use : program.added("element")) {
        const auto& array = use.words[0];
        const auto elements = reported.contains(array) ? std::nullopt : program.elements(array);
        const std::optional<std::string> text = elements ? judge(use, *elements) : std::nullopt;
        if (!text) continue;
        reported.insert(array);
        add(remarks, id, array, program.place(use), *text);
    }
}

std::optional<std::string> wrong_bound(const Program& program, const Fact& use, unsigned long elements) {
    const auto& index = use.words[1];
    auto names = program.facts().copies_of({guests_ecx}, use);
    if (!program.is_in_query_function(use) || !names.erase(index)) return {};
    names.erase(guests_ecx);
    const auto beyond = bounds_of(program, index, use).beyond(elements);
    const auto values = program.facts().beside(use, "copies");
    // A copy of the number, or what is made of it, may be tested instead.
    if (!beyond || program.is_switched_or_changed(index, use) || program.is_tested(names, use, false) ||
        std::ranges::count(values, index, [](const Fact& copy) { return copy.words[0]; }) != 1)
        return {};
    return fmt::format(
        "{} elements, 0 to {}, and the tests let {} = {} through: a guest reads what is behind "
        "the array; test for >= ARRAY_SIZE({})",
        elements, elements - 1, index, *beyond, use.words[0]);
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

std::optional<std::string> short_array(const Program& program, const Fact& use, unsigned long elements) {
    const auto& index = use.words[1];
    const auto last = last_exit(use.path);
    if (!last || elements > *last || !program.is_in_exit_function(use)) return {};
    // KVM's own tests let all exits through that it handles.
    if (!program.is_exit_reason(index, use) || program.is_tested(reasons_in(program, use), use, true))
        return {};
    return fmt::format("{} elements, and {} is not tested: exits have numbers up to {}, and the greater ones "
                       "write behind the array; compare with ARRAY_SIZE({}) before, or make it larger",
                       elements, index,
                       *last == last_svm_code ? fmt::format("{:#x}", *last) : std::to_string(*last),
                       use.words[0]);
}

} // namespace

std::vector<Remark> wrong_indexes(const Program& program) {
    std::vector<Remark> read, written;
    find_unguarded(program, read);
    remark_on_arrays(program, read, "reads-wrong-bound", [&](const Fact& use, unsigned long elements) {
        return wrong_bound(program, use, elements);
    });
    remark_on_arrays(program, written, "reads-short-array", [&](const Fact& use, unsigned long elements) {
        return short_array(program, use, elements);
    });
    read.insert(read.end(), written.begin(), written.end());
    return read;
}

} // namespace exitaudit::grade
