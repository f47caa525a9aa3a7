// Reading what spatch writes.
#include "exitaudit/reading/facts.hpp"

#include "exitaudit/support/pattern.hpp"

#include <algorithm>
#include <sstream>

namespace exitaudit::grade {
namespace {

// A chain a = b = c gives what comes last.
std::string value_of(const std::string& assigned) {
    static const Pattern chain("([A-Za-z_][A-Za-z0-9_]*=)+([^=].*)");
    const auto found = chain.match(assigned);
    return found ? found->at(2) : assigned;
}

std::vector<std::string> split_at_tabs(const std::string& text) {
    std::istringstream stream(text);
    std::vector<std::string> words;
    for (std::string word; std::getline(stream, word, '\t');) words.push_back(word);
    return words;
}

bool meet(const Names& some, const Names& others) {
    return std::ranges::any_of(some, [&](const auto& name) { return others.contains(name); });
}

} // namespace

Names names_in(const std::string& code) {
    static const Pattern word("[A-Za-z0-9_]+");
    auto names = word.all(code);
    std::erase_if(names, [](const auto& name) { return name[0] >= '0' && name[0] <= '9'; });
    return names;
}

std::string without_brackets(std::string_view code) {
    std::string result;
    int depth = 0;
    for (const char c : code) {
        depth += c == '[';
        if (depth == 0) result += c;
        depth -= c == ']' && depth > 0;
    }
    return result;
}

Facts::Facts(std::string_view lines, std::string_view prefix) {
    static const Pattern fact("([^:\t]+):([0-9]{1,9}):([^:\t]*):([a-z]+)\t(.*)");
    std::istringstream stream{std::string(lines)};
    for (std::string line; std::getline(stream, line);) {
        const auto found = line.starts_with(prefix) ? fact.match(line) : std::nullopt;
        if (!found) continue;
        Fact read{found->at(1).substr(prefix.size()), std::stoul(found->at(2)), found->at(3), found->at(4),
                  split_at_tabs(found->at(5))};
        read.words.resize(3);
        auto& alike = by_kind_[read.kind];
        if (std::ranges::find(alike, read) == alike.end()) alike.push_back(std::move(read));
    }
    for (auto& [kind, alike] : by_kind_) std::ranges::stable_sort(alike, {}, &Fact::line);
}

const std::vector<Fact>& Facts::of(std::string_view kind) const {
    static const std::vector<Fact> none;
    const auto found = by_kind_.find(kind);
    return found == by_kind_.end() ? none : found->second;
}

std::vector<Fact> Facts::beside(const Fact& fact, std::string_view kind) const {
    std::vector<Fact> found;
    std::ranges::copy_if(of(kind), std::back_inserter(found), [&](const Fact& other) {
        return other.path == fact.path && other.function == fact.function;
    });
    return found;
}

Names Facts::copies_of(Names names, const Fact& in) const {
    const auto copies = beside(in, "copies");
    for (std::size_t before = 0; before != names.size();) {
        before = names.size();
        for (const auto& copy : copies)
            if (meet(names_in(without_brackets(value_of(copy.words[1]))), names)) names.insert(copy.words[0]);
    }
    return names;
}

Names Facts::called_by(Names functions) const {
    const auto& calls = of("calls");
    for (std::size_t before = 0; before != functions.size();) {
        before = functions.size();
        for (const auto& call : calls)
            if (functions.contains(call.function)) functions.insert(call.words[0]);
    }
    return functions;
}

} // namespace exitaudit::grade
