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

    // By POSIX's extended grammar: no \d, no (?:...). std::invalid_argument if it is none.
    explicit Pattern(const std::string& expression, Case letters = Case::matters);
    ~Pattern();
    Pattern(const Pattern&) = delete;
    Pattern& operator=(const Pattern&) = delete;

    // What the whole expression found, [0], and each of its groups: empty where a group took no part.
    using Found = std::optional<std::vector<std::string>>;

    // Nothing unless the expression describes the text from its start to its end.
    Found match(std::string_view text) const;

    // The first place in the text; nothing if there is none.
    Found search(std::string_view text) const;

    // Each different text that some place of it has. The expression matches no empty one.
    std::set<std::string> all(std::string_view text) const;

private:
    // The places of the expression and its groups in the text after its first `from` bytes; none if it is not
    // there.
    std::vector<regmatch_t> places(std::string_view text, std::size_t from) const;

    regex_t compiled_{};
};

} // namespace exitaudit
