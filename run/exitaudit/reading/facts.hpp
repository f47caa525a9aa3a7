// What spatch finds in a source by facts.cocci.
#pragma once

#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace exitaudit::grade {

struct Fact {
    std::string path;     // in the kernel's source
    std::size_t line = 0; // from 1
    std::string function; // a variable's name, or "something_else", outside of functions
    std::string kind;     // as facts.cocci has it
    std::vector<std::string> words;

    bool operator==(const Fact&) const = default;
};

using Names = std::set<std::string>;

// C's identifiers in a text.
Names names_in(const std::string& code);

// The text without what is in square brackets: what an array's element is does not depend on how it was
// found.
std::string without_brackets(std::string_view code);

class Facts {
public:
    // Lines FILE:LINE:FUNCTION:KIND and words, of files under the prefix. Others are left out.
    Facts(std::string_view lines, std::string_view prefix);

    const std::vector<Fact>& of(std::string_view kind) const;
    // In the function that this fact is in.
    std::vector<Fact> beside(const Fact& fact, std::string_view kind) const;

    // The names, and those that get a value made of one of them in this function.
    Names copies_of(Names names, const Fact& in) const;
    // The functions that these call, however deep, as far as the source shows them; with themselves.
    Names called_by(Names functions) const;
private:
    std::map<std::string, std::vector<Fact>, std::less<>> by_kind_;
};

} // namespace exitaudit::grade
