// Regular expressions, by regcomp(3): <regex> takes seconds to compile, and recurses over the text.
#pragma once

#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include <regex.h>

namespace exitaudit {

class Pattern {
public:
    enum class Case { matters, ignored };

    // POSIX extended syntax: no \d, no (?:...). std::invalid_argument if it is wrong.
    explicit Pattern(const std::string& expression, Case letters = Case::matters);
    ~Pattern();
    Pattern(const Pattern&) = delete;
    Pattern& operator=(const Pattern&) = delete;

    // The whole match, [0], and its groups; a group that took no part is empty.
    using Found = std::optional<std::vector<std::string>>;

    Found match(std::string_view text) const;  // matches the whole text only
    Found search(std::string_view text) const; // the first match in the text

    // Each different match. The expression must not match an empty text.
    std::set<std::string> all(std::string_view text) const;
private:
    // Where the first match after `from` bytes and its groups are; empty: there is none.
    std::vector<regmatch_t> places(std::string_view text, std::size_t from) const;

    regex_t compiled_{};
};

} // namespace exitaudit
