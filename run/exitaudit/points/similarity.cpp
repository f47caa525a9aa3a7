// Tokens, and fingerprints of them.
#include "exitaudit/points/similarity.hpp"

#include <algorithm>
#include <cctype>
#include <iterator>
#include <set>
#include <string_view>

namespace exitaudit::points {
namespace {

constexpr std::size_t gram = 12;   // tokens: what is shorter is no likeness
constexpr std::size_t window = 4;  // grams: likeness of gram + window - 1 tokens is always found
constexpr std::size_t fewest = 12; // fingerprints, about 30 tokens: less is alike by chance

const std::set<std::string_view> keywords{
    "break",  "case",    "char",   "const",    "continue", "default",  "do",     "double",
    "else",   "enum",    "extern", "float",    "for",      "goto",     "if",     "inline",
    "int",    "long",    "return", "short",    "signed",   "sizeof",   "static", "struct",
    "switch", "typedef", "union",  "unsigned", "void",     "volatile", "while"};

bool is_word(char c) { return std::isalnum(static_cast<unsigned char>(c)) || c == '_'; }

class Tokenizer {
public:
    void read(std::string_view line) {
        for (text_ = line; !text_.empty();) next();
    }

    std::vector<std::string> tokens;
private:
    void next() {
        if (in_comment_) {
            const auto end = text_.find("*/");
            in_comment_ = end == std::string_view::npos;
            text_.remove_prefix(in_comment_ ? text_.size() : end + 2);
        } else if (text_.starts_with("/*")) {
            in_comment_ = true;
            text_.remove_prefix(2);
        } else if (text_.starts_with("//")) {
            text_ = {};
        } else if (std::isspace(static_cast<unsigned char>(text_.front()))) {
            text_.remove_prefix(1);
        } else if (text_.front() == '"' || text_.front() == '\'') {
            take_literal();
        } else if (is_word(text_.front())) {
            take_word();
        } else {
            tokens.emplace_back(1, text_.front());
            text_.remove_prefix(1);
        }
    }

    // All strings and characters are one token: their text is easily changed.
    void take_literal() {
        std::size_t end = 1;
        while (end < text_.size() && text_[end] != text_.front()) end += text_[end] == '\\' ? 2U : 1U;
        tokens.emplace_back("text");
        text_.remove_prefix(std::min(end + 1, text_.size()));
    }

    // So are all names. Numbers are themselves, in whatever case.
    void take_word() {
        const auto end = std::ranges::find_if_not(text_, is_word);
        std::string word(text_.begin(), end);
        text_.remove_prefix(word.size());
        if (std::isdigit(static_cast<unsigned char>(word.front())))
            std::ranges::transform(word, word.begin(), [](unsigned char c) { return std::tolower(c); });
        else if (!keywords.contains(word))
            word = "name";
        tokens.push_back(std::move(word));
    }

    std::string_view text_;
    bool in_comment_ = false;
};

// FNV-1a. A token ends with a byte that it cannot contain.
std::uint64_t hash_of(const std::string* first) {
    std::uint64_t hash = 0xcbf29ce484222325;
    const auto add = [&](char c) { hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3; };
    for (const auto* token = first; token != first + gram; ++token) {
        std::ranges::for_each(*token, add);
        add('\0');
    }
    return hash;
}

} // namespace

Fingerprints fingerprints(const std::vector<std::string>& lines) {
    Tokenizer tokenizer;
    for (const auto& line : lines) tokenizer.read(line);
    const auto& tokens = tokenizer.tokens;
    Fingerprints hashes;
    for (std::size_t i = 0; i + gram <= tokens.size(); ++i) hashes.push_back(hash_of(&tokens[i]));
    std::set<std::uint64_t> chosen; // the least of each window
    for (std::size_t i = 0; i + window <= hashes.size(); ++i)
        chosen.insert(*std::min_element(&hashes[i], &hashes[i] + window));
    return {chosen.begin(), chosen.end()};
}

double similarity(const Fingerprints& a, const Fingerprints& b) {
    const auto shorter = std::min(a.size(), b.size());
    if (shorter < fewest) return 0;
    Fingerprints both;
    std::ranges::set_intersection(a, b, std::back_inserter(both));
    return 100.0 * static_cast<double>(both.size()) / static_cast<double>(shorter);
}

} // namespace exitaudit::points
