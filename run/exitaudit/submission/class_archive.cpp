// Archives by their names, and how learning platforms name what they pack for a whole class.
#include "exitaudit/submission/archive.hpp"

#include "exitaudit/support/pattern.hpp"

#include <sstream>

namespace exitaudit::grade {

bool is_archive(std::string_view name) {
    static const Pattern archive(".*\\.(zip|tar|tgz|txz|tbz2?|tzst|tar\\.(gz|xz|bz2|zst)|7z|rar)",
                                 Pattern::Case::ignored);
    return archive.match(name.substr(name.rfind('/') + 1)).has_value();
}

Owner owner_of(const std::string& entry) {
    static const Pattern moodle("([^/]+/)?([^/]+)_([0-9]+)_assignsubmission_[a-z]+_/?(.*)"),
        canvas("([^/]+/)?([^/_]+)_(LATE_)?([0-9]{3,})_([0-9]{3,})_([^/]+)"),
        gradescope("([^/]+/)?submission_([0-9]+)/(.*)");
    if (const auto found = moodle.match(entry)) return {found->at(3), found->at(2), found->at(4)};
    if (const auto found = canvas.match(entry)) return {found->at(4), found->at(2), found->at(6)};
    if (const auto found = gradescope.match(entry))
        return {found->at(2), "submission_" + found->at(2), found->at(3)};
    return {{}, {}, entry};
}

std::map<std::string, std::string> names_in_metadata(const std::string& text) {
    static const Pattern submission("submission_([0-9]+): *"),
        person(" *-? *:name: *['\"]?([^'\"]*)['\"]? *");
    std::map<std::string, std::string> names;
    std::istringstream lines(text);
    std::string id;
    for (std::string line; std::getline(lines, line);) {
        if (const auto found = submission.match(line)) {
            id = found->at(1);
        } else if (const auto one = id.empty() ? std::nullopt : person.match(line)) {
            auto& all = names[id];
            all += (all.empty() ? "" : ", ") + one->at(1);
        }
    }
    return names;
}

} // namespace exitaudit::grade
