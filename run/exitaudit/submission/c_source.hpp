// A C source of any kernel as items and braces. It is no parser: headers are not needed, and macros stay.
#pragma once

#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace exitaudit::grade {

// A function, declaration or directive at file scope.
struct Item {
    std::string key; // a function's or struct's name, else the item's text without white space
    std::size_t first = 0, last = 0; // lines, from 0
    bool has_body = false;           // a function, struct, enum or initializer
};

// Lines from first to last.
struct LineRange {
    std::size_t first = 0, last = 0;
};

class CSource {
public:
    explicit CSource(std::string_view text);

    const std::vector<std::string>& lines() const { return lines_; }
    // A line without comments, string contents and surrounding white space.
    const std::string& code(std::size_t line) const { return code_[line]; }
    const std::vector<Item>& items() const { return items_; }
    const Item* find(std::string_view key) const; // nullptr: none
    const Item* item_at(std::size_t line) const;

    // The lines with the braces that enclose the start of this line, from the outermost.
    const std::vector<std::size_t>& enclosing(std::size_t line) const { return enclosing_[line]; }
    // Where the braces that a line opens are closed, or that it closes were opened.
    const std::vector<std::size_t>& partners(std::size_t line) const { return partners_[line]; }
    // The whole statement that a line is part of, without the block that it may open.
    LineRange statement(std::size_t line) const;
private:
    void strip_comments();
    void match_braces();
    void find_items();
    bool ends_statement(std::size_t line) const;

    std::vector<std::string> lines_, code_;
    std::vector<Item> items_;
    std::vector<std::vector<std::size_t>> enclosing_, partners_;
    std::vector<bool> in_parentheses_; // at the line's end
};

std::vector<std::string> lines_of(std::string_view text);

// The text without white space.
std::string squeezed(std::string_view text);

// The identifiers of two or more letters.
std::set<std::string> identifiers(const std::string& text);

} // namespace exitaudit::grade
