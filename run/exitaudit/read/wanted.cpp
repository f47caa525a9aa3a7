// Numbers, names and globs of exits.
#include "exitaudit/read/reader.hpp"

#include "audit/near_match.hpp"
#include "exitaudit/support/exit_code.hpp"
#include "ledger/exit_names.hpp"

#include <boost/algorithm/string/case_conv.hpp>

#include <charconv>

namespace exitaudit {
namespace {

using ledger::ExitNumber;
using ledger::Numbering;

constexpr Numbering vendors[] = {Numbering::vmx, Numbering::svm};

bool is_number(const std::string& word) { return !word.empty() && word[0] >= '0' && word[0] <= '9'; }

ExitNumber number_of(const std::string& word)
{
    const bool hexadecimal = word.starts_with("0x") || word.starts_with("0X");
    const auto* const end = word.data() + word.size();
    ExitNumber number = 0;
    const auto [stop, error] =
        std::from_chars(word.data() + (hexadecimal ? 2 : 0), end, number, hexadecimal ? 16 : 10);
    if (error != std::errc() || stop != end)
        throw usage_error("'{}' is no exit number: 32 bits, decimal or hexadecimal with 0x", word);
    return number;
}

template <typename Function>
void for_each_name(Numbering numbering, Function function)
{
    for (ExitNumber exit = 0; exit < ledger::exit_number_end; ++exit)
        if (const auto name = ledger::exit_name(numbering, exit); name != "-")
            function(exit, boost::to_lower_copy(std::string(name)));
}

std::vector<ExitNumber> named(const std::string& word, Numbering numbering)
{
    std::vector<ExitNumber> exits;
    const auto glob = boost::to_lower_copy(word);
    for_each_name(numbering, [&](ExitNumber exit, const std::string& name) {
        if (audit::matches(glob, name))
            exits.push_back(exit);
    });
    return exits;
}

std::string nearest_name(const std::string& word)
{
    const auto mistyped = boost::to_lower_copy(word);
    std::optional<std::size_t> distance;
    std::string nearest;
    for (const auto numbering : vendors)
        for_each_name(numbering, [&](ExitNumber, const std::string& name) {
            const auto from_here = audit::edit_distance(mistyped, name);
            if (distance && from_here >= *distance)
                return;
            distance = from_here;
            nearest = name;
        });
    return nearest;
}

} // namespace

void check_exits(const std::vector<std::string>& words)
{
    for (const auto& word : words) {
        if (is_number(word))
            number_of(word);
        else if (named(word, Numbering::vmx).empty() && named(word, Numbering::svm).empty())
            throw usage_error("no exit is called '{}'; did you mean {}?", word, nearest_name(word));
    }
}

std::vector<ExitNumber> wanted_exits(const std::vector<std::string>& words, Numbering numbering)
{
    std::vector<ExitNumber> exits;
    for (const auto& word : words) {
        const auto found = is_number(word) ? std::vector{number_of(word)} : named(word, numbering);
        if (found.empty())
            throw usage_error("no exit of this host is called '{}': it goes by {} exit numbers", word,
                              ledger::numbering_name(numbering));
        exits.insert(exits.end(), found.begin(), found.end());
    }
    return exits;
}

} // namespace exitaudit
