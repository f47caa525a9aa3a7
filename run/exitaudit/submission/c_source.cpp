// Reading C line by line.
#include "exitaudit/submission/c_source.hpp"

#include "exitaudit/support/pattern.hpp"

#include <algorithm>
#include <cctype>

namespace exitaudit::grade {
namespace {

// More braces round a line, and longer heads of functions, no kernel has.
constexpr std::size_t most_depth = 64, longest_head = 4096;

bool is_space(char c) { return std::isspace(static_cast<unsigned char>(c)) != 0; }

std::string trimmed(std::string_view text) {
    while (!text.empty() && is_space(text.front())) text.remove_prefix(1);
    while (!text.empty() && is_space(text.back())) text.remove_suffix(1);
    return std::string(text);
}

// The name in "struct NAME {", "static int NAME(...) {" or "static int (*const NAME[])(...) = {".
std::string name_of_body(const std::string& head) {
    if (head.size() > longest_head) return squeezed(head);
    static const Pattern type("^(static |const |typedef )*(struct|union|enum) ([A-Za-z_0-9]+) ?$"),
        variable("([A-Za-z_][A-Za-z_0-9]*) ?(\\[[^]]*\\] ?)*(\\)? ?\\([^=]*\\))? ?=");
    if (const auto found = type.search(head)) return found->at(2) + " " + found->at(3);
    if (const auto found = variable.search(head)) return found->at(1);
    // The last parentheses before the brace are the parameters.
    int depth = 0;
    for (auto at = head.size(); at-- > 0;) {
        depth += head[at] == ')' ? 1 : head[at] == '(' ? -1 : 0;
        if (head[at] != '(' || depth != 0) continue;
        static const Pattern name("([A-Za-z_][A-Za-z_0-9]*) ?$");
        if (const auto found = name.search(head.substr(0, at))) return found->at(1);
    }
    return squeezed(head);
}

} // namespace

std::vector<std::string> lines_of(std::string_view text) {
    std::vector<std::string> lines;
    while (!text.empty()) {
        const auto end = std::min(text.find('\n'), text.size());
        auto line = text.substr(0, end);
        if (line.ends_with('\r')) line.remove_suffix(1);
        lines.emplace_back(line);
        text.remove_prefix(std::min(end + 1, text.size()));
    }
    return lines;
}

std::string squeezed(std::string_view text) {
    std::string result;
    std::ranges::copy_if(text, std::back_inserter(result), [](char c) { return !is_space(c); });
    return result;
}

std::set<std::string> identifiers(const std::string& text) {
    static const Pattern word("[A-Za-z_][A-Za-z0-9_]+");
    return word.all(text);
}

CSource::CSource(std::string_view text) : lines_(lines_of(text)) {
    strip_comments();
    match_braces();
    find_items();
}

void CSource::strip_comments() {
    bool comment = false;
    for (const auto& line : lines_) {
        std::string code;
        char quote = 0;
        for (std::size_t at = 0; at < line.size(); ++at) {
            const auto two = std::string_view(line).substr(at, 2);
            if (comment) {
                if (two == "*/") comment = false, ++at;
            } else if (quote) {
                if (line[at] == '\\')
                    ++at;
                else if (line[at] == quote)
                    code += line[at], quote = 0;
            } else if (two == "/*") {
                comment = true, ++at;
            } else if (two == "//") {
                break;
            } else {
                if (line[at] == '"' || line[at] == '\'') quote = line[at];
                code += line[at];
            }
        }
        code_.push_back(trimmed(code));
    }
}

void CSource::match_braces() {
    std::vector<std::size_t> open;
    partners_.resize(lines_.size());
    std::size_t too_deep = 0; // braces that are left out
    int parentheses = 0;
    for (std::size_t line = 0; line < lines_.size(); ++line) {
        enclosing_.push_back(open);
        const bool directive = code_[line].starts_with('#');
        for (const char c : directive ? std::string() : code_[line]) {
            parentheses = std::max(0, parentheses + (c == '(') - (c == ')'));
            if (c == '{') open.size() < most_depth ? open.push_back(line) : void(++too_deep);
            if (c != '}' || open.empty()) continue;
            if (too_deep > 0) {
                --too_deep;
                continue;
            }
            if (open.back() != line) {
                partners_[open.back()].push_back(line);
                partners_[line].push_back(open.back());
            }
            open.pop_back();
        }
        if (open.empty() && code_[line].ends_with(';')) parentheses = 0; // after what was not C
        in_parentheses_.push_back(parentheses > 0);
    }
}

bool CSource::ends_statement(std::size_t line) const {
    const auto& code = code_[line];
    if (code.empty() || code.starts_with('#')) return true;
    const auto last = code.back();
    if (in_parentheses_[line]) return false;
    if (last == ',' && !enclosing_[line].empty()) { // between the members of an initializer
        const auto& opener = code_[enclosing_[line].back()];
        return opener.ends_with("= {") || opener.starts_with("enum ");
    }
    return last == ';' || last == '{' || last == '}' || last == ':';
}

LineRange CSource::statement(std::size_t line) const {
    LineRange extent{line, line};
    if (code_[line].starts_with('#')) {
        while (extent.last + 1 < lines_.size() && lines_[extent.last].ends_with('\\')) ++extent.last;
        return extent;
    }
    while (extent.first > 0 && !ends_statement(extent.first - 1)) --extent.first;
    while (extent.last + 1 < lines_.size() && !ends_statement(extent.last)) ++extent.last;
    return extent;
}

void CSource::find_items() {
    for (std::size_t line = 0; line < lines_.size(); ++line) {
        if (code_[line].empty()) continue;
        Item item{{}, line, line, false};
        if (code_[line].starts_with('#')) {
            while (item.last + 1 < lines_.size() && lines_[item.last].ends_with('\\')) ++item.last;
            // What is in quotes is all that tells one #include from another.
            const auto& texts = code_[line].starts_with("#include") ? lines_ : code_;
            for (auto at = item.first; at <= item.last; ++at) item.key += squeezed(texts[at]);
        } else {
            std::string head;
            while (item.last + 1 < lines_.size() && !ends_statement(item.last))
                head += code_[item.last++] + " ";
            head += code_[item.last];
            // A line like "} else {" may close braces that it does not open.
            const auto& partners = partners_[item.last];
            item.has_body =
                code_[item.last].ends_with('{') && !partners.empty() && partners.back() > item.last;
            item.key =
                item.has_body ? name_of_body(trimmed(head.substr(0, head.size() - 1))) : squeezed(head);
            if (item.has_body) item.last = partners_[item.last].back();
        }
        line = item.last;
        items_.push_back(std::move(item));
    }
}

const Item* CSource::find(std::string_view key) const {
    const auto found = std::ranges::find(items_, key, &Item::key);
    return found == items_.end() ? nullptr : &*found;
}

const Item* CSource::item_at(std::size_t line) const {
    for (const auto& item : items_)
        if (item.first <= line && line <= item.last) return &item;
    return nullptr;
}

} // namespace exitaudit::grade
