// The rooms of the host program and of the guest: each file includes only from its own room and from those
// below it.
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <map>
#include <sstream>
#include <string>

namespace exitaudit::test {
namespace {

namespace fs = std::filesystem;

const fs::path root = fs::path(__FILE__).parent_path().parent_path().parent_path();

using Ranks = std::map<std::string, std::size_t>;

// The rooms' ranks, from the lowest, as a variable of the makefile has them.
Ranks ranks(const fs::path& makefile, const std::string& variable) {
    Ranks ranks;
    std::ifstream lines(root / makefile);
    for (std::string line; std::getline(lines, line);) {
        if (!line.starts_with(variable + " := ")) continue;
        std::istringstream names(line.substr(variable.size() + 4));
        for (std::string name; names >> name;) ranks.emplace(name, ranks.size());
    }
    return ranks;
}

// The room of `#include "PREFIX" "ROOM/file.hpp"`; empty for any other line.
std::string included_room(const std::string& line, const std::string& prefix) {
    const auto start = "#include \"" + prefix;
    if (!line.starts_with(start)) return "";
    const auto file = line.substr(start.size());
    const auto slash = file.rfind('/');
    return slash == std::string::npos ? "" : file.substr(0, slash);
}

void expect_one_way(const fs::path& house, const std::string& prefix, const Ranks& rank) {
    std::size_t includes = 0;
    for (const auto& entry : fs::recursive_directory_iterator(root / house)) {
        const auto room = fs::relative(entry.path().parent_path(), root / house).string();
        const auto extension = entry.path().extension();
        if ((extension != ".cpp" && extension != ".hpp") || room == ".") continue;
        ASSERT_TRUE(rank.contains(room)) << entry.path() << " is in no room";
        std::ifstream file(entry.path());
        for (std::string line; std::getline(file, line);) {
            const auto other = included_room(line, prefix);
            if (other.empty()) continue;
            ASSERT_TRUE(rank.contains(other)) << entry.path() << ": " << line;
            EXPECT_LE(rank.at(other), rank.at(room)) << entry.path() << ": " << line;
            ++includes;
        }
    }
    EXPECT_GT(includes, 0U);
}

TEST(Rooms, OfTheHostProgramIncludeOnlyWhatIsBelow) {
    expect_one_way("run/exitaudit", "exitaudit/", ranks("run/exitaudit/exitaudit.mk", "EXITAUDIT_ROOMS"));
}

TEST(Rooms, OfTheGuestIncludeOnlyWhatIsBelow) {
    expect_one_way("unikernel", "", ranks("unikernel/unikernel.mk", "GUEST_ROOMS"));
}

} // namespace
} // namespace exitaudit::test
