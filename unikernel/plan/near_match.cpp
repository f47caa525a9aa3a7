// Globs and edit distance.
#include "plan/near_match.hpp"

#include <algorithm>
#include <array>

namespace plan {

bool matches(std::string_view glob, std::string_view name) {
    if (glob.empty()) return name.empty();
    if (glob.front() == '*')
        return matches(glob.substr(1), name) || (!name.empty() && matches(glob, name.substr(1)));
    return !name.empty() && (glob.front() == '?' || glob.front() == name.front()) &&
           matches(glob.substr(1), name.substr(1));
}

std::size_t edit_distance(std::string_view a, std::string_view b) {
    constexpr std::size_t limit = 63;
    a = a.substr(0, limit);
    b = b.substr(0, limit);

    std::array<std::size_t, limit + 1> row{};
    for (std::size_t j = 0; j <= b.size(); j++) row[j] = j;
    for (std::size_t i = 1; i <= a.size(); i++) {
        std::size_t diagonal = row[0];
        row[0] = i;
        for (std::size_t j = 1; j <= b.size(); j++) {
            const auto exchanged = diagonal + (a[i - 1] != b[j - 1]);
            diagonal = row[j];
            row[j] = std::min({exchanged, row[j] + 1, row[j - 1] + 1});
        }
    }
    return row[b.size()];
}

}
