// Removes what is not text from a serial line.
#include "exitaudit/log/lines.hpp"

namespace exitaudit {
namespace {

// Length of the escape sequence at the start of `text`: ESC [ parameters letter
// (ECMA-48), or ESC and one more byte.
std::size_t escape_length(std::string_view text)
{
    if (text.size() < 2 || text[1] != '[')
        return 2;
    const auto last = text.find_first_not_of("0123456789;?=<> ", 2);
    return last == std::string_view::npos ? text.size() : last + 1;
}

} // namespace

std::string printable(std::string_view line)
{
    std::string text;
    while (!line.empty()) {
        const char c = line.front();
        if (c == '\x1b') {
            line.remove_prefix(std::min(escape_length(line), line.size()));
            continue;
        }
        if ((c >= ' ' && c <= '~') || c == '\t')
            text += c;
        line.remove_prefix(1);
    }
    return text;
}

} // namespace exitaudit
