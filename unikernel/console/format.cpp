// The formatter behind Sink::format().
#include "console/format.hpp"

namespace console {
namespace {

struct Field {
    bool hexadecimal = false;
    bool left = false;
    std::size_t width = 0;
};

Field parse_field(std::string_view spec) {
    Field field;
    for (const char c : spec) {
        if (c == 'x')
            field.hexadecimal = true;
        else if (c == '-')
            field.left = true;
        else if (c >= '0' && c <= '9')
            field.width = field.width * 10 + static_cast<std::size_t>(c - '0');
    }
    return field;
}

// 20 digits hold 2^64 - 1; "0x" and 16 hold it in hexadecimal.
using Digits = std::array<char, 20>;

std::string_view to_digits(std::uint64_t number, bool hexadecimal, Digits& digits) {
    const unsigned base = hexadecimal ? 16 : 10;
    auto at = digits.size();
    do {
        digits[--at] = "0123456789abcdef"[number % base];
        number /= base;
    } while (number);
    if (hexadecimal) {
        digits[--at] = 'x';
        digits[--at] = '0';
    }
    return {digits.data() + at, digits.size() - at};
}

void pad(Sink& sink, std::size_t characters) {
    while (characters--) sink.write(" ");
}

void write_argument(Sink& sink, const Argument& argument, const Field& field) {
    Digits digits;
    const auto text =
        argument.is_text() ? argument.text() : to_digits(argument.number(), field.hexadecimal, digits);
    const auto padding = field.width > text.size() ? field.width - text.size() : 0;
    if (!field.left) pad(sink, padding);
    sink.write(text);
    if (field.left) pad(sink, padding);
}

}

void Sink::vformat(std::string_view pattern, std::span<const Argument> arguments) {
    std::size_t next = 0;
    for (;;) {
        const auto open = pattern.find('{');
        const auto close = open == pattern.npos ? open : pattern.find('}', open);
        write(pattern.substr(0, close == pattern.npos ? close : open));
        if (close == pattern.npos) return;
        if (next < arguments.size())
            write_argument(*this, arguments[next++], parse_field(pattern.substr(open + 1, close - open - 1)));
        else
            write("{?}");
        pattern.remove_prefix(close + 1);
    }
}

}
