// The rooms of the host program: each file includes only from its own room and from those below it.
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

// The rooms' ranks, from the lowest, as EXITAUDIT_ROOMS in exitaudit.mk has them.
std::map<std::string, std::size_t> ranks()
{
    constexpr std::string_view variable = "EXITAUDIT_ROOMS := ";
    std::map<std::string, std::size_t> ranks;
    std::ifstream makefile(root / "run/exitaudit/exitaudit.mk");
    for (std::string line; std::getline(makefile, line);) {
        if (!line.starts_with(variable))
            continue;
        std::istringstream names(line.substr(variable.size()));
        for (std::string name; names >> name;)
            ranks.emplace(name, ranks.size());
    }
    return ranks;
}

TEST(Rooms, IncludeOnlyWhatIsBelow)
{
    constexpr std::string_view include = "#include \"exitaudit/";
    const auto rank = ranks();
    std::size_t includes = 0;
    for (const auto& entry : fs::recursive_directory_iterator(root / "run/exitaudit")) {
        const auto room = entry.path().parent_path().filename().string();
        const auto extension = entry.path().extension();
        if ((extension != ".cpp" && extension != ".hpp") || entry.path().filename() == "main.cpp")
            continue;
        ASSERT_TRUE(rank.contains(room)) << entry.path() << " is in no room";
        std::ifstream file(entry.path());
        for (std::string line; std::getline(file, line);) {
            if (!line.starts_with(include))
                continue;
            const auto other = line.substr(include.size(), line.find('/', include.size()) - include.size());
            ASSERT_TRUE(rank.contains(other)) << entry.path() << ": " << line;
            EXPECT_LE(rank.at(other), rank.at(room)) << entry.path() << ": " << line;
            ++includes;
        }
    }
    EXPECT_GT(includes, 0U);
}

} // namespace
} // namespace exitaudit::test
