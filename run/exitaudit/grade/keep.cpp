// The names below which --keep keeps what was made of each submission.
#include "exitaudit/grade/grader.hpp"

#include <boost/algorithm/string/replace.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <map>

namespace exitaudit::grade {

namespace fs = std::filesystem;

std::vector<std::string> names_to_keep(const std::vector<Submission>& submissions) {
    const auto path_of = [](const Submission& submission) {
        auto path = submission.unpacked ? fs::path(submission.name) : submission.path;
        path = fs::absolute(path).lexically_normal();
        if (!path.has_filename()) path = path.parent_path(); // "alice/"
        if (!submission.branch.empty()) path += "#" + boost::replace_all_copy(submission.branch, "/", "_");
        return path;
    };
    const auto plain = [](std::string name) {
        const auto is_awkward = [](char c) { return c <= ' ' || c > '~' || c == '/'; };
        std::ranges::replace_if(name, is_awkward, '_');
        return name;
    };
    std::map<std::string, int> count;
    for (const auto& submission : submissions) ++count[plain(path_of(submission).filename().string())];
    std::vector<std::string> names;
    for (const auto& submission : submissions) {
        const auto path = path_of(submission);
        auto name = plain(path.filename().string());
        if (count[name] > 1) name = plain((path.parent_path().filename() / path.filename()).string());
        const auto is_taken = [&](const auto& n) { return std::ranges::find(names, n) != names.end(); };
        auto free = name;
        for (int i = 2; is_taken(free); ++i) free = fmt::format("{}-{}", name, i);
        names.push_back(free);
    }
    return names;
}

} // namespace exitaudit::grade
