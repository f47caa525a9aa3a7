// Regular expressions.
#include "exitaudit/support/pattern.hpp"

#include <stdexcept>

namespace exitaudit {
namespace {

std::string text_at(std::string_view text, const regmatch_t& place) {
    if (place.rm_so < 0) return {};
    const auto begin = static_cast<std::size_t>(place.rm_so), end = static_cast<std::size_t>(place.rm_eo);
    return std::string(text.substr(begin, end - begin));
}

} // namespace

Pattern::Pattern(const std::string& expression, Case letters) {
    const int flags = REG_EXTENDED | (letters == Case::ignored ? REG_ICASE : 0);
    if (regcomp(&compiled_, expression.c_str(), flags) != 0)
        throw std::invalid_argument("no regular expression: " + expression);
}

Pattern::~Pattern() { regfree(&compiled_); }

std::vector<regmatch_t> Pattern::places(std::string_view text, std::size_t from) const {
    std::vector<regmatch_t> places(compiled_.re_nsub + 1);
    // REG_STARTEND: the part of the text to look at, which has no final NUL.
    places[0] = {static_cast<regoff_t>(from), static_cast<regoff_t>(text.size())};
    if (regexec(&compiled_, text.data(), places.size(), places.data(), REG_STARTEND) != 0) return {};
    return places;
}

Pattern::Found Pattern::search(std::string_view text) const {
    std::vector<std::string> texts;
    for (const auto& place : places(text, 0)) texts.push_back(text_at(text, place));
    return texts.empty() ? std::nullopt : Found(texts);
}

// POSIX finds the longest match at the first place: if any is the whole text, then that.
Pattern::Found Pattern::match(std::string_view text) const {
    auto found = search(text);
    return found && found->front().size() == text.size() ? found : std::nullopt;
}

std::set<std::string> Pattern::all(std::string_view text) const {
    std::set<std::string> texts;
    auto place = places(text, 0);
    while (!place.empty()) {
        texts.insert(text_at(text, place[0]));
        place = places(text, static_cast<std::size_t>(place[0].rm_eo));
    }
    return texts;
}

} // namespace exitaudit
