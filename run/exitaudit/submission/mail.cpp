// Undoing what editors, shells and mailers do to patches.
#include "exitaudit/submission/mail.hpp"

#include "exitaudit/support/pattern.hpp"
#include "exitaudit/support/take.hpp"

#include <algorithm>

namespace exitaudit::grade {
namespace {

// PowerShell's > writes it.
std::string from_utf16(std::string_view bytes, bool is_big_endian) {
    std::string text;
    for (std::size_t i = 0; i + 1 < bytes.size(); i += 2) {
        const auto high = static_cast<unsigned char>(bytes[is_big_endian ? i : i + 1]);
        const auto low = static_cast<unsigned char>(bytes[is_big_endian ? i + 1 : i]);
        const unsigned unit = high << 8U | low;
        if (unit >= 0x800) text += static_cast<char>(0xe0 | unit >> 12U);
        if (unit >= 0x80)
            text += static_cast<char>(unit >= 0x800 ? 0x80 | (unit >> 6U & 0x3fU) : 0xc0 | unit >> 6U);
        text += static_cast<char>(unit >= 0x80 ? 0x80 | (unit & 0x3fU) : unit);
    }
    return text;
}

std::string from_base64(std::string_view encoded) {
    constexpr std::string_view digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    std::string text;
    unsigned bits = 0, count = 0;
    for (const char c : encoded) {
        const auto digit = digits.find(c);
        if (digit == std::string_view::npos) continue;
        bits = bits << 6U | static_cast<unsigned>(digit);
        count += 6;
        if (count < 8) continue;
        count -= 8;
        text += static_cast<char>(bits >> count & 0xffU);
    }
    return text;
}

// One line; a "=" at its end joins it with the next.
std::string from_quoted_printable(std::string_view line) {
    constexpr std::string_view digits = "0123456789ABCDEF";
    std::string text;
    for (std::size_t i = 0; i < line.size(); ++i) {
        const auto digit = [&](std::size_t at) {
            return at < line.size() ? digits.find(line[at]) : std::string_view::npos;
        };
        const auto high = digit(i + 1), low = digit(i + 2);
        const bool is_escape = line[i] == '=' && std::max(high, low) < digits.size();
        text += is_escape ? static_cast<char>(high << 4U | low) : line[i];
        if (is_escape) i += 2;
    }
    if (text.ends_with('='))
        text.pop_back();
    else
        text += '\n';
    return text;
}

class MailReader {
public:
    explicit MailReader(std::string_view text) : rest_(text), in_header_(is_header(text)) {}

    std::string operator()() {
        while (!rest_.empty()) {
            const bool starts_message = rest_.starts_with("From ");
            const auto line = take_line();
            if (is_boundary(line) || (starts_message && is_header(rest_))) {
                end_part();
                in_header_ = true;
            }
            if (in_header_)
                header(line);
            else if (encoding_ == "base64")
                base64_ += line;
            else
                text_ +=
                    encoding_ == "quoted-printable" ? from_quoted_printable(line) : std::string(line) + '\n';
        }
        end_part();
        return std::move(text_);
    }
private:
    static bool is_header(std::string_view text) {
        static const Pattern header("(From [^ ]+ |[A-Za-z][A-Za-z0-9-]*:).*");
        return header.match(text.substr(0, text.find('\n'))).has_value();
    }

    std::string_view take_line() {
        const auto end = std::min(rest_.find('\n'), rest_.size());
        const auto line = rest_.substr(0, end);
        rest_.remove_prefix(std::min(end + 1, rest_.size()));
        return line;
    }

    bool is_boundary(std::string_view line) const {
        return take_prefix(line, "--") && std::ranges::find(boundaries_, line) != boundaries_.end();
    }

    void header(std::string_view line) {
        static const Pattern encoding("content-transfer-encoding: *(base64|quoted-printable) *",
                                      Pattern::Case::ignored),
            boundary("boundary=\"?([^\";]+)", Pattern::Case::ignored);
        if (const auto found = encoding.match(line)) {
            encoding_ = found->at(1);
            std::ranges::transform(encoding_, encoding_.begin(), [](char c) { return c | 0x20; });
        }
        if (const auto found = boundary.search(line)) boundaries_.push_back(found->at(1));
        in_header_ = !line.empty();
        (text_ += line) += '\n';
    }

    void end_part() {
        // A mail's lines end in \r\n inside of base64, too.
        auto decoded = from_base64(base64_);
        std::erase(decoded, '\r');
        text_ += decoded;
        base64_.clear();
        encoding_.clear();
    }

    std::string_view rest_;
    bool in_header_;
    std::string text_, encoding_, base64_;
    std::vector<std::string> boundaries_;
};

} // namespace

std::string plain_text(std::string_view bytes) {
    std::string text;
    if (take_prefix(bytes, "\xff\xfe"))
        text = from_utf16(bytes, false);
    else if (take_prefix(bytes, "\xfe\xff"))
        text = from_utf16(bytes, true);
    else
        text = bytes;
    if (text.starts_with("\xef\xbb\xbf")) text.erase(0, 3);
    // Lines end in \r\n, or in \r alone.
    if (text.find('\n') == std::string::npos)
        std::ranges::replace(text, '\r', '\n');
    else
        std::erase(text, '\r');
    return MailReader(text)();
}

} // namespace exitaudit::grade
